// Package uki writes and reads unified kernel images: systemd's EFI stub with
// kernel, initramfs and command line as further sections, one file that UEFI
// firmware starts by itself (UAPI Group Specification 5, "Unified Kernel
// Image"; systemd-stub(7)).
//
// It owns the PE/COFF format. It does not know where the image lies on a disk.
package uki

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"errors"
	"fmt"
)

// Sections is what an image carries besides the stub.
type Sections struct {
	OSRelease string // content of os-release(5)
	Cmdline   string // kernel command line
	Uname     string // release of the kernel, as uname -r prints it
	Linux     []byte // bzImage
	Initrd    []byte // initramfs
}

// field is a section by its name. The stub finds sections by name, so that
// their order is free; the large ones come last.
type field struct {
	name string
	data []byte
}

func (s Sections) fields() []field {
	return []field{
		{".osrel", []byte(s.OSRelease)},
		{".uname", []byte(s.Uname)},
		{".cmdline", []byte(s.Cmdline)},
		{".initrd", s.Initrd},
		{".linux", s.Linux},
	}
}

// initializedData marks a section that is loaded and only read.
const initializedData = pe.IMAGE_SCN_CNT_INITIALIZED_DATA | pe.IMAGE_SCN_MEM_READ

// pageSize keeps each section on pages of its own, although the stub's own
// sections are packed more tightly.
const pageSize = 4096

// Build appends the sections to the stub (linuxx64.efi.stub of systemd). The
// same input gives the same bytes. The image is not signed.
func Build(stub []byte, s Sections) ([]byte, error) {
	if len(s.Linux) == 0 || len(s.Initrd) == 0 {
		return nil, errors.New("build unified kernel image: want both a kernel and an initramfs")
	}
	h, err := parse(stub)
	if err != nil {
		return nil, fmt.Errorf("build unified kernel image: EFI stub: %w", err)
	}
	// Symbols behind the stub's last section would be a gap that a signature can't
	// cover (Microsoft, Windows Authenticode Portable Executable Signature Format).
	image := bytes.Clone(stub[:h.end])
	for _, f := range s.fields() {
		if len(f.data) > 0 {
			image = h.add(image, f)
		}
	}
	if err := h.put(image); err != nil {
		return nil, fmt.Errorf("build unified kernel image: EFI stub: %w", err)
	}
	return image, nil
}

// Read returns the sections of an image. Those that it lacks stay empty.
func Read(image []byte) (Sections, error) {
	f, err := pe.NewFile(bytes.NewReader(image))
	if err != nil {
		return Sections{}, fmt.Errorf("read unified kernel image: %w", err)
	}
	if f.Section(".linux") == nil {
		return Sections{}, errors.New("read unified kernel image: a PE image without a section .linux")
	}
	content := func(name string) []byte {
		section := f.Section(name)
		if section == nil || err != nil {
			return nil
		}
		var data []byte
		if data, err = section.Data(); err != nil {
			err = fmt.Errorf("read unified kernel image: section %s: %w", name, err)
			return nil
		}
		return data[:min(int(section.VirtualSize), len(data))]
	}
	s := Sections{
		OSRelease: string(content(".osrel")),
		Cmdline:   string(content(".cmdline")),
		Uname:     string(content(".uname")),
		Linux:     content(".linux"),
		Initrd:    content(".initrd"),
	}
	return s, err
}

// headers are the parts of a PE32+ file that change when sections are added.
type headers struct {
	file     pe.FileHeader
	optional pe.OptionalHeader64
	sections []pe.SectionHeader32
	offset   int // of file
	end      int // of the last section's raw data
}

func parse(b []byte) (*headers, error) {
	const lfanew = 0x3c // offset of the PE header's offset in the DOS header
	h := &headers{}
	if len(b) < lfanew+4 || string(b[:2]) != "MZ" {
		return nil, errors.New("no PE image")
	}
	pe00 := int(binary.LittleEndian.Uint32(b[lfanew:]))
	h.offset = pe00 + 4
	if pe00 > len(b)-4 || string(b[pe00:h.offset]) != "PE\x00\x00" {
		return nil, errors.New("no PE image")
	}
	r := bytes.NewReader(b[h.offset:])
	if err := binary.Read(r, binary.LittleEndian, &h.file); err != nil {
		return nil, fmt.Errorf("PE file header: %w", err)
	}
	if h.file.Machine != pe.IMAGE_FILE_MACHINE_AMD64 || int(h.file.SizeOfOptionalHeader) != binary.Size(h.optional) {
		return nil, fmt.Errorf("machine %#x, optional header of %d bytes; want a PE32+ image for x86-64",
			h.file.Machine, h.file.SizeOfOptionalHeader)
	}
	if err := binary.Read(r, binary.LittleEndian, &h.optional); err != nil {
		return nil, fmt.Errorf("PE optional header: %w", err)
	}
	h.sections = make([]pe.SectionHeader32, h.file.NumberOfSections)
	if err := binary.Read(r, binary.LittleEndian, h.sections); err != nil {
		return nil, fmt.Errorf("PE section table: %w", err)
	}
	if len(h.sections) == 0 {
		return nil, errors.New("no sections")
	}
	for _, s := range h.sections {
		if s.Name == sectionName(".linux") {
			return nil, errors.New("already has a section .linux; want the bare stub")
		}
		h.end = max(h.end, int(s.PointerToRawData)+int(s.SizeOfRawData))
	}
	if h.end > len(b) {
		return nil, fmt.Errorf("cut off at %d of %d bytes", len(b), h.end)
	}
	return h, nil
}

// add appends the data to the image and a header for it to the section table.
func (h *headers) add(image []byte, f field) []byte {
	rawSize := align(uint32(len(f.data)), h.optional.FileAlignment)
	last := h.sections[len(h.sections)-1]
	h.sections = append(h.sections, pe.SectionHeader32{
		Name:             sectionName(f.name),
		VirtualSize:      uint32(len(f.data)),
		VirtualAddress:   align(last.VirtualAddress+last.VirtualSize, max(h.optional.SectionAlignment, pageSize)),
		SizeOfRawData:    rawSize,
		PointerToRawData: uint32(len(image)),
		Characteristics:  initializedData,
	})
	h.optional.SizeOfInitializedData += rawSize
	padding := make([]byte, int(rawSize)-len(f.data))
	return append(append(image, f.data...), padding...)
}

// put writes the headers back over those of the image.
func (h *headers) put(image []byte) error {
	last := h.sections[len(h.sections)-1]
	h.file.NumberOfSections = uint16(len(h.sections))
	h.file.TimeDateStamp = 0
	h.file.PointerToSymbolTable = 0
	h.file.NumberOfSymbols = 0
	h.optional.SizeOfImage = align(last.VirtualAddress+last.VirtualSize, h.optional.SectionAlignment)
	h.optional.CheckSum = 0 // UEFI doesn't look at it
	var b bytes.Buffer
	for _, part := range []any{h.file, h.optional, h.sections} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			return err
		}
	}
	if end := h.offset + b.Len(); end > int(h.optional.SizeOfHeaders) {
		return fmt.Errorf("no room for %d sections: headers would end at %d of %d bytes",
			len(h.sections), end, h.optional.SizeOfHeaders)
	}
	copy(image[h.offset:], b.Bytes())
	return nil
}

func sectionName(name string) (b [8]uint8) {
	copy(b[:], name)
	return b
}

func align(n, to uint32) uint32 {
	return (n + to - 1) / to * to
}
