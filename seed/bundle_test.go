package seed

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"twinlb/seed/strict"

	"github.com/google/go-cmp/cmp"
)

func testBundle() *Bundle {
	return &Bundle{
		UserData: []byte(base),
		NodeName: "lb-b",
		HostKey:  bytes.Repeat([]byte{0xaa}, KeySize),
		PairKey:  bytes.Repeat([]byte{0x55}, KeySize),
	}
}

func encode(t testing.TB, b *Bundle) []byte {
	t.Helper()
	data, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestBundleRoundTrip(t *testing.T) {
	partition := append(encode(t, testBundle()), make([]byte, 4096)...)
	got, err := DecodeBundle(bytes.NewReader(partition))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(testBundle(), got); diff != "" {
		t.Errorf("DecodeBundle (-want +got)\n%s", diff)
	}
	spec, err := got.Spec()
	if err != nil || spec.Node.Name != "lb-b" || spec.Priority != 246 {
		t.Errorf("Spec = %+v, %v, want that of lb-b", spec, err)
	}
	if !bytes.Equal(encode(t, got), encode(t, testBundle())) {
		t.Error("Encode gives other bytes the second time")
	}
}

// TestBundleWithNetworkConfig wants the node to set up what the network-config says.
func TestBundleWithNetworkConfig(t *testing.T) {
	want := testBundle()
	want.NetworkConfig = []byte("version: 2\nethernets: {nic: {match: {driver: virtio_net}, addresses: [192.0.2.54/24], gateway4: 192.0.2.1}}\n")
	archive := encode(t, want)
	got, err := DecodeBundle(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("DecodeBundle (-want +got)\n%s", diff)
	}
	spec, err := got.Spec()
	if err != nil || spec.Network.Traffic != "nic" {
		t.Errorf("Spec = %+v, %v, want one with traffic on nic", spec, err)
	}
	damaged := bytes.Replace(archive, []byte("gateway4: 192.0.2.1"), []byte("gateway4: 192.0.2.2"), 1)
	if _, err := DecodeBundle(bytes.NewReader(damaged)); err == nil || !strings.Contains(err.Error(), "the disk is damaged") {
		t.Errorf("DecodeBundle of an altered network-config = %v, want an error", err)
	}
	got.NodeName = "lb-a"
	if _, err := got.Spec(); err == nil || !strings.Contains(err.Error(), "network-config:2:") {
		t.Errorf("Spec of another node = %v, want what does not suit it", err)
	}
}

// TestBundleIsCpio has GNU cpio list the archive.
func TestBundleIsCpio(t *testing.T) {
	if _, err := exec.LookPath("cpio"); err != nil {
		t.Skip("cpio is not installed")
	}
	cmd := exec.Command("cpio", "--quiet", "-itvn")
	cmd.Env = []string{"TZ=UTC", "LC_ALL=C"}
	cmd.Stdin = bytes.NewReader(encode(t, testBundle()))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("cpio: %v\n%s", err, out)
	}
	for _, want := range []string{"-rw-r--r-- ", " user-data\n", " meta-data\n", " keys/pair.key\n", " Jan  1  1970 "} {
		if !strings.Contains(string(out), want) {
			t.Errorf("cpio lists\n%swant %q in it", out, want)
		}
	}
	if n := strings.Count(string(out), "-rw------- "); n != 2 {
		t.Errorf("cpio lists\n%swith %d private files, want the two keys", out, n)
	}
}

func TestEncodeRefuses(t *testing.T) {
	for _, test := range []struct {
		change func(*Bundle)
		want   string
	}{
		{func(b *Bundle) { b.HostKey = nil }, "the host key has 0 bytes and the pair key 32, want 32 each"},
		{func(b *Bundle) { b.PairKey = b.PairKey[1:] }, "the pair key 31, want 32"},
		{func(b *Bundle) { b.UserData = nil }, "user-data has 0 bytes"},
		{func(b *Bundle) { b.NetworkConfig = make([]byte, strict.MaxSize+1) }, "network-config has 1048577 bytes, at most 1048576"},
		{func(b *Bundle) { b.NodeName = "a\nb" }, `the node name "a\nb" is not a host name`},
	} {
		b := testBundle()
		test.change(b)
		if _, err := b.Encode(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Encode = %v, want … %s", err, test.want)
		}
	}
}

func TestDecodeBundleRefuses(t *testing.T) {
	archive := encode(t, testBundle())
	second := bytes.Index(archive, []byte("meta-data")) - 110 // where its header begins
	replace := func(from, to string) []byte {
		return bytes.Replace(bytes.Clone(archive), []byte(from), []byte(to), 1)
	}
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, "it ends before a seed begins"},
		{"zeros", make([]byte, 4096), "it is empty, no seed was ever written to it"},
		{"another file system", []byte("\xeb\x3c\x90mkfs.fat"), `it begins with "\xeb<\x90mkf", a seed with "070701"; the disk is damaged`},
		{"cut in a file", archive[:200], "user-data: ends too early"},
		{"cut in a header", archive[:len(archive)-300], "after 3 of its files: unexpected EOF; the disk is damaged"},
		{"zeros after the first file", append(bytes.Clone(archive[:second]), make([]byte, 4096)...), "after 1 of its files: cpio: invalid cpio header; the disk is damaged"},
		{"unknown file", replace("meta-data", "more-data"), `"more-data" does not belong into a seed`},
		{"file twice", replace("meta-data", "user-data"), "user-data is there twice"},
		{"changed user-data", replace("192.0.2.60", "192.0.2.61"), "belongs to this user-data; the disk is damaged"},
		{"changed node", replace("local-hostname: lb-b", "local-hostname: lb-a"), "belongs to this user-data"},
		{"changed key", replace("aaaa", "xxxx"), "keys/ssh_host_ed25519.seed: is not a key of 32 bytes"},
		{"negative size", replace("00000041", "-0000001"), "has -1 bytes"},
		{"endless size", replace("00000041", "0FFFFFFF"), "has 268435455 bytes, at most 1048576"},
		{"a file is missing", archive[:bytes.Index(archive, []byte("keys/pair.key"))-110], "keys/pair.key is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := DecodeBundle(bytes.NewReader(test.data))
			if err == nil || !strings.HasPrefix(err.Error(), "read seed partition: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("DecodeBundle = %v, want … %s", err, test.want)
			}
		})
	}
}
