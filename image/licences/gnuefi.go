package licences

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

// The library inside systemd's EFI stub, with which Debian 12 built it. No
// package of the build host brings its notices.
const (
	GNUEFI        = "gnu-efi"
	GNUEFIVersion = "3.0.15-1"
)

// From debian/copyright of that source package.
//
//go:embed gnu-efi.txt
var gnuEFINotice []byte

// StubLibrary returns gnu-efi for a stub of systemd that is linked with it, by
// the version of systemd's source package, and nothing for a newer stub.
func StubLibrary(systemd string) ([]Component, error) {
	digits := strings.TrimLeft(systemd, "0123456789")
	major, err := strconv.Atoi(strings.TrimSuffix(systemd, digits))
	if err != nil {
		return nil, fmt.Errorf("name the library in the EFI stub: version %q of systemd; want one that begins with a number", systemd)
	}
	if major >= 254 { // its NEWS: "systemd-boot and systemd-stub do not use gnu-efi anymore"
		return nil, nil
	}
	return []Component{{
		Name: GNUEFI, Version: GNUEFIVersion, Licence: "BSD-3-Clause AND BSD-2-Clause",
		Source: debian(GNUEFI, GNUEFIVersion),
		Texts:  []Text{{Name: GNUEFI + ", debian/copyright", Data: gnuEFINotice}},
	}}, nil
}
