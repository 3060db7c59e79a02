package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twinlb/init/console"
	"twinlb/init/disks"
	"twinlb/init/nocloud"
	"twinlb/seed"
	"twinlb/seed/strict"
)

const pairText = `#cloud-config
twinlb:
  vips: [192.168.100.60]
  nodes:
    - {name: lb-a, role: master, address: 192.168.100.53/24}
    - {name: lb-b, role: backup, address: 192.168.100.54/24}
  pools:
    - name: mysql
      port: 3306
      backends: [{name: mysql1, address: 192.168.100.51}]
`

var (
	hostKey = bytes.Repeat([]byte{1}, seed.KeySize)
	pairKey = bytes.Repeat([]byte{2}, seed.KeySize)
)

func partition(t *testing.T, data []byte) disks.Device {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vda3")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return disks.Device{Path: path, Disk: "/dev/vda", Label: seed.PartitionName}
}

func baked(t *testing.T) []byte {
	t.Helper()
	archive, err := (&seed.Bundle{UserData: []byte(pairText), NodeName: "lb-b", HostKey: hostKey, PairKey: pairKey}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

func TestReadPartition(t *testing.T) {
	for _, tt := range []struct {
		name string
		data []byte
		role seed.Role
		want string
	}{
		{"a seed", baked(t), seed.Backup, "the baked seed " + seed.Digest([]byte(pairText)) + " is not used"},
		{"none", make([]byte, 1<<20), "", "no seed is baked into the image"},
		{"damage", append([]byte("070701"), make([]byte, 1<<10)...), "", "the baked seed can't be read: "},
		{"too short", nil, "", "the baked seed can't be read: EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readPartition([]disks.Device{{Path: "/dev/vda"}, partition(t, tt.data)})
			if err != nil || got == nil {
				t.Fatalf("got %v, error %v", got, err)
			}
			if !strings.HasPrefix(got.String(), tt.want) || got.role() != tt.role {
				t.Errorf("got %q of role %q, want %q of %q", got, got.role(), tt.want, tt.role)
			}
			if used := (&node{consoles: &console.Consoles{}}).useBaked(got); (used == nil) != (tt.role != "") {
				t.Errorf("using it: error %v", used)
			}
		})
	}
	if got, err := readPartition([]disks.Device{{Path: "/dev/vda"}}); got != nil || err != nil {
		t.Errorf("without a partition: %v, error %v; want to wait", got, err)
	}
	two := []disks.Device{partition(t, nil), partition(t, nil)}
	if _, err := readPartition(two); err == nil || !strings.Contains(err.Error(), "2 partitions are named TWINLB-SEED") {
		t.Errorf("with two partitions: error %v", err)
	}
}

func drive(files map[string]string) *nocloud.Drive {
	d := &nocloud.Drive{Device: "/dev/sr0", FileSystem: "iso9660", Label: "cidata", Files: map[string][]byte{nocloud.UserData: []byte(pairText)}}
	for name, text := range files {
		d.Files[name] = []byte(text)
	}
	return d
}

func TestSeedOnADrive(t *testing.T) {
	asBackup, err := readPartition([]disks.Device{partition(t, baked(t))})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		files map[string]string
		baked *bakedSeed
		node  string // that it is; "" for an error
		keys  bool
		want  string // in the journal, or in the error
	}{
		{"hostname", map[string]string{"meta-data": "local-hostname: lb-a\n"}, asBackup, "lb-a", false, "; the baked seed "},
		{"baked role", nil, asBackup, "lb-b", false, "warning: there is no twinlb-keys on /dev/sr0"},
		{"keys", map[string]string{"twinlb-keys": string(seed.EncodeKeys(hostKey, pairKey))}, asBackup, "lb-b", true, "from twinlb-keys on /dev/sr0 (iso9660, cidata)"},
		{"nothing tells the node", nil, nil, "", false, "the seed on /dev/sr0 (iso9660, cidata): find out which node this machine is"},
		{"wrong keys", map[string]string{"twinlb-keys": "host-key: 1\n"}, asBackup, "", false, "the seed on /dev/sr0 (iso9660, cidata): read twinlb-keys"},
		{"wrong user-data", map[string]string{"user-data": strings.Replace(pairText, ".60", ".300", 1)}, asBackup, "",
			false, "the seed on /dev/sr0 (iso9660, cidata) is wrong:\nuser-data:3:10: "},
		{"wrong meta-data", map[string]string{"meta-data": "local-hostname: lb-c\n"}, asBackup, "", false, "meta-data:1:17: "},
		{"vendor-data", map[string]string{"vendor-data": "#cloud-config\nruncmd: []\n"}, asBackup, "", false, "vendor-data:1:1: "},
		{"empty", map[string]string{"user-data": ""}, asBackup, "", false, "the file is empty"},
		{"too big", map[string]string{"user-data": pairText + strings.Repeat("#", 1<<20)}, asBackup, "", false, "the file is too big"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := &node{consoles: &console.Consoles{}}
			err := n.useDrive(drive(tt.files), tt.baked)
			if tt.node == "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("error %v, want one with %q", err, tt.want)
				}
				var problems strict.Problems
				if errors.As(err, &problems) && !strings.Contains(failureScreen(n, boot[2], err), "(seed "+seed.Digest(n.bundle.UserData)+")") {
					t.Errorf("the screen does not name the seed:\n%s", failureScreen(n, boot[2], err))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if n.spec.Node.Name != tt.node || n.bundle.NodeName != tt.node {
				t.Errorf("it is %s and %s, want %s", n.spec.Node.Name, n.bundle.NodeName, tt.node)
			}
			if got := bytes.Equal(n.bundle.HostKey, hostKey); got != tt.keys {
				t.Errorf("the host key is that of the drive: %v, want %v", got, tt.keys)
			}
			if got := bytes.Equal(n.bundle.PairKey, pairKey); got != tt.keys {
				t.Errorf("the pair's key is that of the drive: %v, want %v", got, tt.keys)
			}
			if len(n.bundle.HostKey) != seed.KeySize || n.origin != (seedOrigin{device: "/dev/sr0 (iso9660, cidata)"}) {
				t.Errorf("host key %x, origin %+v", n.bundle.HostKey, n.origin)
			}
			var said strings.Builder
			for _, line := range n.journal.Lines("") {
				said.WriteString(line.Text + "\n")
			}
			if !strings.Contains(said.String(), tt.want) {
				t.Errorf("it said:\n%swant %q", said.String(), tt.want)
			}
		})
	}
}

func TestNothingIsExchangedWithoutTheKey(t *testing.T) {
	n := &node{consoles: &console.Consoles{}}
	if err := n.useDrive(drive(map[string]string{"meta-data": "local-hostname: lb-a\n"}), nil); err != nil {
		t.Fatal(err)
	}
	b := &balancer{node: n, done: make(chan struct{})}
	b.run.Store(&running{bundle: n.bundle, spec: n.spec})
	b.talkToPeers()
	said := n.journal.Lines("peer")
	if b.exchange.Load() != nil || len(said) != 1 || !strings.Contains(said[0].Text, "the seed came without twinlb-keys") {
		t.Errorf("it said %v, want once that there is no key", said)
	}
}
