package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"twinlb/image/component"
	"twinlb/image/licences"
	"twinlb/image/sources"
)

// bundle is what an image is made of, as far as licences are concerned.
type bundle struct {
	pinned    sources.Lock
	host      []licences.Installed
	from      map[string]sources.Package // name and version of the source package, by that of a host's package
	goVersion string
	modules   []licences.Module
}

// bundle finds out what goes into an image with that init.
func (p *project) bundle(program string) (*bundle, error) {
	var b bundle
	var err error
	if b.pinned, err = p.readLock(); err != nil {
		return nil, err
	}
	gcc, err := exec.Command("gcc", "-dumpversion").Output()
	if err != nil {
		return nil, fmt.Errorf("ask for the version of gcc: %w", err)
	}
	b.host = licences.FromHost(strings.TrimSpace(string(gcc)))
	if b.from, err = sourcePackages(b.host); err != nil {
		return nil, err
	}
	b.goVersion, b.modules, err = licences.Linked(program)
	return &b, err
}

// sourcePackages asks dpkg which source packages the installed ones were built of.
func sourcePackages(installed []licences.Installed) (map[string]sources.Package, error) {
	args := []string{"--show", "--showformat=${Package} ${source:Package} ${source:Version}\n"}
	for _, i := range installed {
		args = append(args, i.Package)
	}
	output, err := exec.Command("dpkg-query", args...).Output()
	if err != nil {
		return nil, fmt.Errorf("ask for the source packages of %s: %w", strings.Join(args[2:], " "), err)
	}
	from := make(map[string]sources.Package)
	for line := range strings.Lines(string(output)) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			return nil, fmt.Errorf("ask for the source packages of %s: dpkg-query says %q; want three words", strings.Join(args[2:], " "), line)
		}
		from[fields[0]] = sources.Package{Name: fields[1], Version: fields[2]}
	}
	return from, nil
}

// installed are the source packages that only the host's mirror has.
func (b *bundle) installed() ([]sources.Package, error) {
	var all []sources.Package
	for _, i := range b.host {
		all = append(all, b.from[i.Package])
	}
	library, err := b.stubLibrary()
	for _, c := range library {
		all = append(all, sources.Package{Name: c.Name, Version: c.Version})
	}
	return all, err
}

func (b *bundle) stubLibrary() ([]licences.Component, error) {
	return licences.StubLibrary(b.from[licences.StubPackage].Version)
}

// licencesComponent is the text about licences that travels with an image.
func (p *project) licencesComponent(b *bundle) (component.Component, error) {
	self, err := os.Executable() // the list is this program's
	if err != nil {
		return component.Component{}, fmt.Errorf("find this program: %w", err)
	}
	return component.Component{
		Name:    "licences",
		Inputs:  []string{self, p.path("LICENSE")},
		Options: fmt.Sprint(b.pinned, b.from, b.goVersion, b.modules),
		Outputs: []string{"LICENCES.TXT"},
		Build: func(build *component.Build) error {
			all, err := p.components(build, b)
			if err != nil {
				return err
			}
			var text bytes.Buffer
			if err := licences.Write(&text, all); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(build.Out, "LICENCES.TXT"), text.Bytes(), 0o644)
		},
	}, nil
}

// components reads all licences.
func (p *project) components(build *component.Build, b *bundle) ([]licences.Component, error) {
	own, err := licences.Own(p.root)
	if err != nil {
		return nil, err
	}
	all := []licences.Component{own}
	for _, pinned := range licences.FromSources {
		source, err := b.pinned.Package(pinned.Package)
		if err != nil {
			return nil, err
		}
		texts, err := p.store.Extract(build.Step, source, pinned.Paths())
		if err != nil {
			return nil, err
		}
		all = append(all, pinned.Component(source.Version, texts))
	}
	for _, installed := range b.host {
		from := b.from[installed.Package]
		c, err := installed.Component(from.Name, from.Version)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	library, err := b.stubLibrary()
	if err != nil {
		return nil, err
	}
	inGo, err := p.goComponents(b)
	return slices.Concat(all, library, inGo), err
}

// goComponents are Go itself and the modules.
func (p *project) goComponents(b *bundle) ([]licences.Component, error) {
	goroot, err := exec.Command("go", "-C", p.root, "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("ask go for its folder: %w", err)
	}
	runtime, err := licences.Go(b.goVersion, strings.TrimSpace(string(goroot)))
	if err != nil {
		return nil, err
	}
	all := []licences.Component{runtime}
	var queries []string
	for _, m := range b.modules {
		queries = append(queries, m.String())
	}
	downloads, err := p.downloadModules(queries...)
	if err != nil {
		return nil, err
	}
	folders := make(map[string]string)
	for _, d := range downloads {
		folders[d.Path] = d.Dir
	}
	for _, m := range b.modules {
		c, err := m.Component(folders[m.Path])
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}
