package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twinlb/image/disk"
	"twinlb/image/initramfs"
)

// exampleNode is lb-a of the example, with its keys in that folder.
func exampleNode(t *testing.T, keyFolder, secret string) *resolved {
	t.Helper()
	if err := os.MkdirAll(keyFolder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(keyFolder, "secret"), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	own, err := (&choice{node: "lb-a"}).resolve("../examples/pair.yaml", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := own.loadKeys(keyFolder); err != nil {
		t.Fatal(err)
	}
	return own
}

// pack writes an image of lb-a, or one without a seed, with parts that no compiler made, in a folder and
// with a copy of the keys of its own.
func pack(t *testing.T, format disk.Format, secret string) string {
	t.Helper()
	dir := t.TempDir()
	part := func(name string, size int) string {
		data := make([]byte, size)
		random := rand.NewChaCha8([32]byte([]byte(strings.Repeat(name[:1], 32))))
		random.Read(data)
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	built := &parts{kernel: part("kernel", 3<<20), haproxy: part("haproxy", 1<<20), keepalived: part("balance", 1<<20), init: part("init", 1<<20), licences: part("text", 1<<10)}
	entries, err := rootFileSystem(built, "linux 6.12\n")
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if err := initramfs.Write(&archive, entries); err != nil {
		t.Fatal(err)
	}
	built.initramfs = filepath.Join(dir, "initramfs")
	if err := os.WriteFile(built.initramfs, archive.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}

	var own *resolved
	if secret != noSecret {
		own = exampleNode(t, filepath.Join(dir, "deep", "pair.keys"), secret)
	}
	p := &project{root: ".."}
	layout, err := p.layout(own, built)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "image")
	if err := disk.Write(out, format, layout); err != nil {
		t.Fatal(err)
	}
	return out
}

var (
	oneSecret     = strings.Repeat("01", 32)
	anotherSecret = strings.Repeat("02", 32)
	noSecret      = "" // nor a seed
)

func TestSameInputGivesSameBytes(t *testing.T) {
	for _, format := range []disk.Format{disk.Raw, disk.QCOW2} {
		t.Run(string(format), func(t *testing.T) {
			if err := same(pack(t, format, oneSecret), pack(t, format, oneSecret)); err != nil {
				t.Errorf("two images from the same input, made in different folders: %v", err)
			}
			if same(pack(t, format, oneSecret), pack(t, format, anotherSecret)) == nil {
				t.Error("images of pairs with different secrets are the same")
			}
		})
	}
}

func TestImageHoldsAllThatItIsMadeOf(t *testing.T) {
	_, contents, err := open(pack(t, disk.Raw, oneSecret))
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]bool)
	for _, c := range contents {
		got[strings.ToLower(c.path)] = true
	}
	for _, want := range []string{
		"esp/efi/boot/bootx64.efi", "esp/boot/vmlinuz", "esp/boot/initrd", "esp/licences.txt",
		"root/init", "root/haproxy/haproxy", "root/sbin/keepalived", "root/etc/passwd",
		"seed/user-data", "seed/meta-data", "seed/keys/pair.key", "seed/keys/ssh_host_ed25519.seed",
	} {
		if !got[want] {
			t.Errorf("%s is not in the image: %v", want, got)
		}
	}
}

func TestImageWithoutASeedHoldsNone(t *testing.T) {
	image, contents, err := open(pack(t, disk.Raw, noSecret))
	if err != nil {
		t.Fatal(err)
	}
	if left := bytes.Trim(image.Seed, "\x00"); len(image.Seed) == 0 || len(left) > 0 {
		t.Errorf("the seed partition has %d bytes, of which %q are not zero", len(image.Seed), left)
	}
	for _, c := range contents {
		if strings.HasPrefix(c.path, seedFolder) {
			t.Errorf("%s is in the image", c.path)
		}
	}
	if err := same(pack(t, disk.Raw, noSecret), pack(t, disk.Raw, noSecret)); err != nil {
		t.Errorf("two images from the same input: %v", err)
	}
}
