package licences

import (
	"fmt"
	"os"
	"path/filepath"
)

// Pinned is a component that is built from a source package of sources.lock.
type Pinned struct {
	Name    string
	Package string // Debian source package
	Licence string
	files   []file
}

// Installed is a component that is taken as it is from a Debian package of the
// build host.
type Installed struct {
	Name    string
	Package string // Debian binary package
	Licence string
	files   []file // on the build host
}

// file is where a text is found. One without a name is a notice of its component.
type file struct{ path, name string }

// FromSources are the programs that twinlb compiles.
var FromSources = []Pinned{
	{"Linux", "linux", "GPL-2.0-only WITH Linux-syscall-note", []file{
		{"COPYING", ""}, {"LICENSES/preferred/GPL-2.0", gpl2}, {"LICENSES/exceptions/Linux-syscall-note", ""}, {"debian/copyright", ""}}},
	// Its core is under the GPL, its headers under the LGPL; some imported files
	// are under MIT and BSD licences.
	{"HAProxy", "haproxy", "GPL-2.0-or-later AND LGPL-2.1-or-later AND MIT AND BSD-2-Clause", []file{
		{"LICENSE", ""}, {"doc/gpl.txt", gpl2}, {"doc/lgpl.txt", lgpl2}, {"debian/copyright", ""}}},
	{"keepalived", "keepalived", "GPL-2.0-or-later", []file{
		{"COPYING", gpl2}, {"debian/copyright", ""}}},
}

// FromHost returns what comes from packages of the build host. gcc is the major
// version of its compiler.
func FromHost(gcc string) []Installed {
	libgcc := "libgcc-" + gcc + "-dev"
	return []Installed{
		{Name: "musl", Package: "musl-dev", Licence: "MIT",
			files: []file{copyright("musl-dev")}},
		// crtbeginS.o and crtendS.o; of libgcc.a the linker takes nothing.
		{Name: "GCC start-up code", Package: libgcc, Licence: "GPL-3.0-or-later WITH GCC-exception-3.1",
			files: []file{copyright(libgcc), {commonLicences + "GPL-3", gpl3}}},
		{Name: "GRUB", Package: "grub-pc-bin", Licence: "GPL-3.0-or-later",
			files: []file{copyright("grub-pc-bin"), {commonLicences + "GPL-3", gpl3}}},
		{Name: "systemd EFI stub", Package: StubPackage, Licence: "LGPL-2.1-or-later",
			files: []file{copyright(StubPackage), {commonLicences + "LGPL-2.1", lgpl2}}},
	}
}

// StubPackage is Debian's package of the EFI stub.
const StubPackage = "systemd-boot-efi"

const commonLicences = "/usr/share/common-licenses/"

// Own is this project's own code, init and the builder, by the root of its tree.
func Own(root string) (Component, error) {
	data, err := os.ReadFile(filepath.Join(root, "LICENSE"))
	if err != nil {
		return Component{}, fmt.Errorf("read the licence of twinlb: %w", err)
	}
	return Component{
		Name: "twinlb", Version: "(named by root/etc/versions of the image)", Licence: "MIT",
		Source: "the source tree that built the image",
		Texts:  []Text{{Name: "twinlb, LICENSE", Data: data}},
	}, nil
}

// copyright is the file that Debian Policy §12.5 asks of every package.
func copyright(name string) file { return file{"/usr/share/doc/" + name + "/copyright", ""} }

// Paths are the files of the source tree that Component wants.
func (p Pinned) Paths() []string {
	var paths []string
	for _, f := range p.files {
		paths = append(paths, f.path)
	}
	return paths
}

// Component puts the texts, by their paths, to what is known of it.
func (p Pinned) Component(version string, texts map[string][]byte) Component {
	c := Component{Name: p.Name, Version: version, Licence: p.Licence, Source: debian(p.Package, version)}
	for _, f := range p.files {
		c.Texts = append(c.Texts, f.text(p.Name, texts[f.path]))
	}
	return c
}

// Component reads the texts of the package, of which the name and version of its
// source package are given.
func (i Installed) Component(source, version string) (Component, error) {
	c := Component{Name: i.Name, Version: version, Licence: i.Licence, Source: debian(source, version)}
	for _, f := range i.files {
		data, err := os.ReadFile(f.path)
		if err != nil {
			return Component{}, fmt.Errorf("read the licence of %s: %w; it comes with Debian's package %s, and an image must carry it", i.Name, err, i.Package)
		}
		c.Texts = append(c.Texts, f.text(i.Name, data))
	}
	return c, nil
}

func (f file) text(component string, data []byte) Text {
	if f.name == "" {
		f.name = component + ", " + f.path
	}
	return Text{Name: f.name, Data: data}
}

func debian(name, version string) string {
	return fmt.Sprintf("Debian source package %s %s", name, version)
}
