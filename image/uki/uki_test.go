package uki

import (
	"bytes"
	"debug/pe"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var sections = Sections{
	OSRelease: "ID=twinlb\n",
	Cmdline:   "console=ttyS0 quiet",
	Uname:     "6.12.107",
	Linux:     bytes.Repeat([]byte("kernel"), 5000),
	Initrd:    bytes.Repeat([]byte("initramfs"), 700),
}

func readStub(t *testing.T) []byte {
	t.Helper()
	stub, err := os.ReadFile("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
	if err != nil {
		t.Fatalf("%v: apt-get install systemd-boot-efi", err)
	}
	return stub
}

func TestReadsBackWhatWasBuilt(t *testing.T) {
	image, err := Build(readStub(t), sections)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(image)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sections, got, cmp.Comparer(bytes.Equal)); diff != "" {
		t.Errorf("sections (-want +got):\n%s", diff)
	}
	again, err := Build(readStub(t), sections)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(image, again) {
		t.Error("a second build of the same sections gives other bytes")
	}
}

// TestObjcopyExtractsSections lets binutils judge names, flags, alignment and
// extent of what was appended, and that the stub's own sections are untouched.
func TestObjcopyExtractsSections(t *testing.T) {
	if _, err := exec.LookPath("objcopy"); err != nil {
		t.Fatalf("%v: apt-get install binutils", err)
	}
	stub := readStub(t)
	image, err := Build(stub, sections)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, b := range map[string][]byte{"uki": image, "stub": stub} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range sections.fields() {
		if got := extract(t, dir, "uki", f.name); !bytes.Equal(got[:len(f.data)], f.data) {
			t.Errorf("section %s: objcopy extracts other bytes than were put in", f.name)
		}
	}
	for _, name := range []string{".text", ".data", ".sdmagic"} {
		if !bytes.Equal(extract(t, dir, "uki", name), extract(t, dir, "stub", name)) {
			t.Errorf("section %s: differs from the stub's", name)
		}
	}
	table := objdump(t, dir, "uki")
	if got := strings.Count(table, "CONTENTS, ALLOC, LOAD, READONLY, DATA"); got < len(sections.fields()) {
		t.Errorf("objdump -h: %d read-only data sections, want at least %d\n%s", got, len(sections.fields()), table)
	}
}

func extract(t *testing.T, dir, image, section string) []byte {
	t.Helper()
	out := filepath.Join(dir, image+section)
	cmd := exec.Command("objcopy", "-O", "binary", "--only-section="+section, filepath.Join(dir, image), out)
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, b)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func objdump(t *testing.T, dir, image string) string {
	t.Helper()
	out, err := exec.Command("objdump", "-h", filepath.Join(dir, image)).CombinedOutput()
	if err != nil {
		t.Fatalf("objdump -h: %v\n%s", err, out)
	}
	return string(out)
}

// TestHeadersCoverSections checks what a firmware relies on: it allocates
// SizeOfImage bytes and copies each section to its address.
func TestHeadersCoverSections(t *testing.T) {
	image, err := Build(readStub(t), sections)
	if err != nil {
		t.Fatal(err)
	}
	f, err := pe.NewFile(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	var addressEnd, fileEnd, data uint32
	for _, s := range f.Sections {
		if s.VirtualAddress < addressEnd || s.Offset < fileEnd {
			t.Errorf("section %s at %#x, file offset %#x, overlaps the one before it", s.Name, s.VirtualAddress, s.Offset)
		}
		addressEnd, fileEnd = s.VirtualAddress+s.VirtualSize, s.Offset+s.Size
		if s.Characteristics&pe.IMAGE_SCN_CNT_INITIALIZED_DATA != 0 {
			data += s.Size
		}
	}
	h := f.OptionalHeader.(*pe.OptionalHeader64)
	if want := align(addressEnd, h.SectionAlignment); h.SizeOfImage != want {
		t.Errorf("SizeOfImage: got %#x, want %#x", h.SizeOfImage, want)
	}
	if h.SizeOfInitializedData != data {
		t.Errorf("SizeOfInitializedData: got %#x, want %#x", h.SizeOfInitializedData, data)
	}
	if len(image) != int(fileEnd) {
		t.Errorf("%d bytes, but the last section ends at %d", len(image), fileEnd)
	}
}

func TestBuildRefuses(t *testing.T) {
	stub := readStub(t)
	built, err := Build(stub, sections)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		stub     []byte
		sections Sections
		want     string
	}{
		{"no kernel", stub, Sections{Initrd: []byte("x")}, "want both"},
		{"empty stub", nil, sections, "no PE image"},
		{"text as stub", bytes.Repeat([]byte("MZ"), 100), sections, "no PE image"},
		{"half a stub", stub[:len(stub)/2], sections, "cut off"},
		{"headers only", stub[:0x100], sections, "header"},
		{"an image as stub", built, sections, "want the bare stub"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Build(tt.stub, tt.sections)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Build: got error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for name, b := range map[string][]byte{"stub": readStub(t), "text": []byte("no image")} {
		if _, err := Read(b); err == nil {
			t.Errorf("Read of %s: got no error", name)
		}
	}
}
