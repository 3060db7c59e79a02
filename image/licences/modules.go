package licences

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Module is a Go module by its path and version.
type Module struct{ Path, Version string }

// String returns the module as the go command takes it.
func (m Module) String() string { return m.Path + "@" + m.Version }

// Linked returns the modules that are linked into a program, and the version of
// Go that compiled it, such as "go1.26.8".
func Linked(program string) (goVersion string, modules []Module, err error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return "", nil, fmt.Errorf("list the modules in a program: %w", err)
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		modules = append(modules, Module{m.Path, m.Version})
	}
	return info.GoVersion, modules, nil
}

// Component reads the licence of a module from its folder. A module whose licence
// is missing, or is none of those that this package knows, is an error: it must
// not get into an image by accident.
func (m Module) Component(dir string) (Component, error) {
	c, err := goComponent(m.Path, m.Version, dir)
	c.Source = "Go module " + m.String()
	return c, err
}

// Go is the runtime and the standard library, in every Go program, from the
// folder that `go env GOROOT` names.
func Go(version, goroot string) (Component, error) {
	c, err := goComponent("Go", version, goroot)
	c.Source = "https://go.dev/dl/" + version + ".src.tar.gz"
	return c, err
}

func goComponent(name, version, dir string) (Component, error) {
	c := Component{Name: name, Version: version}
	texts, err := licenceFiles(name, dir)
	if err == nil {
		c.Texts = texts
		c.Licence, err = identify(texts)
	}
	if err != nil {
		return Component{}, fmt.Errorf("read the licence of %s %s: %w", name, version, err)
	}
	return c, nil
}

// licenceName is what the go command and its users take for a licence or a notice.
var licenceName = regexp.MustCompile(`(?i)^(licen[cs]es?|copying|copyright|notice|patents)(-[a-z0-9.-]+)?(\.(md|txt|rst))?$`)

func licenceFiles(component, dir string) ([]Text, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var texts []Text
	for _, entry := range entries {
		if entry.IsDir() || !licenceName.MatchString(entry.Name()) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		texts = append(texts, Text{Name: component + ", " + entry.Name(), Data: data})
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("%s has no LICENSE, COPYING or the like; an image must carry it, so use another module", dir)
	}
	return texts, nil
}

// identify names the licences that texts are, or speak of, in the order of their
// names.
func identify(texts []Text) (string, error) {
	var all strings.Builder
	for _, t := range texts {
		all.WriteString(strings.ToLower(strings.Join(strings.Fields(string(t.Data)), " ")))
		all.WriteByte('\n')
	}
	has := func(phrase string) bool { return strings.Contains(all.String(), phrase) }
	var found []string
	for _, known := range []struct {
		licence string
		is      bool
	}{
		{"Apache-2.0", has("apache license version 2.0, january 2004")},
		{"BSD-2-Clause", has("redistribution and use in source and binary forms") && !has("neither the name")},
		{"BSD-3-Clause", has("redistribution and use in source and binary forms") && has("neither the name")},
		{"ISC", has("permission to use, copy, modify, and/or distribute this software for any purpose")},
		{"MIT", has("permission is hereby granted, free of charge, to any person obtaining a copy") || has("mit license")},
	} {
		if known.is {
			found = append(found, known.licence)
		}
	}
	// init is one program: a module under such a licence would put it there too.
	if has("general public license") {
		return "", errors.New("it speaks of the General Public License, under which init is not; use another module")
	}
	if len(found) == 0 {
		return "", errors.New("it is none of Apache-2.0, BSD-2-Clause, BSD-3-Clause, ISC and MIT; " +
			"read what it asks for, then teach image/licences to know it")
	}
	return strings.Join(found, " AND "), nil
}
