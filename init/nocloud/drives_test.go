package nocloud

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A drive is made by a tool of others in a folder that has the files of content in
// the folder "seed".
type tool struct {
	name   string
	script string // for sh; writes the file "drive"
	needs  string // the program of which the package may be missing
}

const (
	copyFiles = ` && mcopy -i drive seed/user-data seed/meta-data seed/network-config seed/vendor-data seed/twinlb-keys ::`
	noise     = `mmd -i drive ::folder && echo other | mcopy -i drive - ::a-rather-long-name-of-another-file.text && mdel -i drive ::a-rather-long-name-of-another-file.text`
)

var tools = []tool{
	{"fat12", `mkfs.vfat -F 12 -n CIDATA -C drive 1440` + copyFiles, "mcopy"},
	{"fat16", `mkfs.vfat -F 16 -n CIDATA -C drive 16384` + copyFiles, "mcopy"},
	{"fat32", `mkfs.vfat -F 32 -n CIDATA -C drive 40960` + copyFiles, "mcopy"},
	{"fat of small clusters", `mkfs.vfat -F 12 -s 1 -n cidata -C drive 1440 && ` + noise + copyFiles, "mcopy"},
	{"fat of big sectors", `mkfs.vfat -F 12 -S 4096 -n CIDATA -C drive 32768` + copyFiles, "mcopy"},
	{"fat labelled later", `mkfs.vfat -F 16 -n OTHER -C drive 16384 && mlabel -i drive ::cidata` + copyFiles, "mcopy"},
	{"rock ridge and joliet", `genisoimage -quiet -o drive -V cidata -J -r seed`, "genisoimage"},
	{"rock ridge", `genisoimage -quiet -o drive -V CIDATA -R seed`, "genisoimage"},
	{"joliet", `genisoimage -quiet -o drive -V cidata -J seed`, "genisoimage"},
	{"plain", `genisoimage -quiet -o drive -V cidata -U seed`, "genisoimage"},
	{"proxmox", `genisoimage -quiet -iso-level 3 -R -V cidata seed >drive`, "genisoimage"},
	{"xorriso", `xorriso -as mkisofs -quiet -o drive -V cidata -J -R seed`, "xorriso"},
	{"xorriso, joliet", `xorriso -as genisoimage -quiet -o drive -V CIDATA --norock -J seed`, "xorriso"},
	{"libvirt", `xorrisofs -o drive -J -input-charset utf8 -rational-rock -V cidata seed 2>/dev/null`, "xorrisofs"},
	{"cloud-localds", `cloud-localds -N seed/network-config -V seed/vendor-data drive seed/user-data seed/meta-data`, "cloud-localds"},
	{"cloud-localds, vfat", `cloud-localds -f vfat -N seed/network-config -V seed/vendor-data drive seed/user-data seed/meta-data`, "cloud-localds"},
}

// content is long enough for several clusters and blocks.
func content() map[string][]byte {
	return map[string][]byte{
		UserData:      append([]byte("#cloud-config\n"), bytes.Repeat([]byte("# 0123456789abcde\n"), 1000)...),
		MetaData:      []byte("instance-id: one\n"),
		NetworkConfig: []byte("version: 2\n"),
		VendorData:    {},
		Keys:          []byte("host: 00\n"),
	}
}

// make returns the drive.
func (tl tool) make(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	for _, program := range []string{tl.needs, "sh"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "seed"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, "seed", name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("sh", "-ec", tl.script)
	cmd.Dir = dir
	// mkfs.vfat is not in everybody's PATH.
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin", "MTOOLS_SKIP_CHECK=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", tl.script, err, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, "drive"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
