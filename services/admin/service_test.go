package admin

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"
	"testing"

	"twinlb/seed"
	"twinlb/seed/netconfig"
	"twinlb/services"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
)

const (
	ed25519Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICQfnd6bwyqDZYspD34lLZ5TJtTdtaZk7pHQEzn/2s15 ops@example"
	// A point that is not on the curve: all lengths are right, and no login is possible.
	offCurve = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB ops"
)

func spec(keys ...string) *seed.Spec {
	s := &seed.Spec{Node: seed.Node{Name: "lb-a", Address: netip.MustParsePrefix("192.168.100.53/24")}}
	s.AuthorizedKeys = keys
	return s
}

func TestService(t *testing.T) {
	hostKey := bytes.Repeat([]byte{7}, 32)
	s, err := Service(spec(ed25519Key, ed25519Key), services.Host{Interface: "eth0"}, hostKey)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/init", "admin"}, s.Argv); diff != "" || s.Root != "/admin" {
		t.Errorf("argv in %s: %s", s.Root, diff)
	}
	if s.UID != services.AdminUser || s.GID != services.AdminUser || len(s.Capabilities) != 0 {
		t.Errorf("user %d:%d with capabilities %v", s.UID, s.GID, s.Capabilities)
	}
	want := []services.File{
		{Path: "/admin/run", Mode: fs.ModeDir | 0o755},
		{Path: "/admin/run/admin.json", Mode: 0o444, Data: []byte(`{"node":"lb-a","listen":["192.168.100.53:22"]}`)},
		{Path: "/admin/run/authorized_keys", Mode: 0o444, Data: []byte(ed25519Key + "\n" + ed25519Key + "\n")},
		{Path: "/admin/run/ssh_host_ed25519.seed", Mode: 0o400, UID: services.AdminUser, GID: services.AdminUser, Data: hostKey},
	}
	if diff := cmp.Diff(want, s.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if got := InRoot(ControlSocket); got != "/run/control.sock" {
		t.Errorf("the process finds the socket at %s", got)
	}
}

func TestWhereItListens(t *testing.T) {
	static := netip.MustParsePrefix("10.0.0.53/24")
	for _, tt := range []struct {
		name      string
		change    func(*seed.Spec)
		host      services.Host
		want      string // the configuration, or part of an error
		addresses []netip.Addr
	}{
		{"on both node addresses", func(s *seed.Spec) { s.Node.Second = netip.MustParsePrefix("2001:db8::53/64") }, services.Host{Interface: "eth0"},
			`{"node":"lb-a","listen":["192.168.100.53:22","[2001:db8::53]:22"]}`,
			[]netip.Addr{netip.MustParseAddr("192.168.100.53"), netip.MustParseAddr("2001:db8::53")}},
		{"on the management interface", func(s *seed.Spec) {
			s.Network = netconfig.Network{Links: []netconfig.Link{{ID: "m", Addresses: []netip.Prefix{static}}}, Management: "m"}
		}, services.Host{Interface: "eth0", Management: "eth1"},
			`{"node":"lb-a","listen":["[::]:22"],"interface":"eth1"}`, []netip.Addr{static.Addr()}},
		{"nowhere by mistake", func(s *seed.Spec) { s.Network = netconfig.Network{Links: []netconfig.Link{{ID: "m"}}, Management: "m"} },
			services.Host{Interface: "eth0"}, "it is for the management link m only", nil},
	} {
		s := spec(ed25519Key)
		tt.change(s)
		service, err := Service(s, tt.host, make([]byte, 32))
		got := fmt.Sprint(err)
		if err == nil {
			got = string(service.Files[1].Data)
		}
		if !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if diff := cmp.Diff(tt.addresses, Addresses(s), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Errorf("%s: addresses (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestWhatWouldFailAtBootFailsBefore(t *testing.T) {
	hostKey := make([]byte, 32)
	for _, tt := range []struct {
		spec    *seed.Spec
		hostKey []byte
		want    string
	}{
		{spec(), hostKey, "there are none"},
		{spec(ed25519Key, offCurve), hostKey, "read key 2 of ssh_authorized_keys"},
		{spec(`command="x" ` + ed25519Key), hostKey, "options"},
		{spec(ed25519Key), hostKey[:31], "has 31 bytes, want 32"},
	} {
		if _, err := Service(tt.spec, services.Host{Interface: "eth0"}, tt.hostKey); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Service = %v, want an error with %q", err, tt.want)
		}
	}
}

func TestListensOnlyWithKeys(t *testing.T) {
	if Listens(spec()) || !Listens(spec(ed25519Key)) {
		t.Error("Listens must be true with keys, and only then")
	}
}

// A key for FIDO hardware, with and without a comment, beside an ordinary one.
func TestParseKeys(t *testing.T) {
	const hardware = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAICQfnd6bwyqDZYspD34lLZ5TJtTdtaZk7pHQEzn/2s15AAAABHNzaDo="
	keys, err := ParseKeys([]byte(ed25519Key + "\n\n" + hardware + "\n" + hardware + " two words\n"))
	if err != nil || len(keys) != 3 {
		t.Fatalf("ParseKeys = %v, %v", keys, err)
	}
	for i, want := range []struct{ kind, comment string }{
		{ssh.KeyAlgoED25519, "ops@example"}, {ssh.KeyAlgoSKED25519, ""}, {ssh.KeyAlgoSKED25519, "two words"},
	} {
		if keys[i].Public.Type() != want.kind || keys[i].Comment != want.comment {
			t.Errorf("key %d is %s %q, want %v", i, keys[i].Public.Type(), keys[i].Comment, want)
		}
	}
}

// The seed and the key of it are the first test of RFC 8032 §7.1.
func TestHostKeyIsThatOfItsSeed(t *testing.T) {
	seed := []byte("\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4\x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60")
	public := []byte("\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a")
	key, err := HostKey(seed)
	if err != nil || !bytes.HasSuffix(key.PublicKey().Marshal(), public) {
		t.Errorf("HostKey = %v, want that of RFC 8032 (%v)", key, err)
	}
	got, err := Fingerprint(seed)
	if err != nil || got != ssh.FingerprintSHA256(key.PublicKey()) {
		t.Errorf("Fingerprint = %q, %v", got, err)
	}
}

func TestKnownHostIsTheHostKey(t *testing.T) {
	hostKey := bytes.Repeat([]byte{7}, 32)
	line, err := KnownHost([]string{"192.0.2.53", "2001:db8::53"}, hostKey)
	if err != nil {
		t.Fatal(err)
	}
	_, hosts, key, _, _, err := ssh.ParseKnownHosts([]byte(line))
	if err != nil || len(hosts) != 2 || hosts[0] != "192.0.2.53" || hosts[1] != "2001:db8::53" {
		t.Fatalf("the line %q is for %v (%v), want both addresses", line, hosts, err)
	}
	if want, err := Fingerprint(hostKey); err != nil || ssh.FingerprintSHA256(key) != want {
		t.Errorf("the key is %s, want %s (%v)", ssh.FingerprintSHA256(key), want, err)
	}
}
