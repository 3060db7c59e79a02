package licences

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	apache = "\n      Apache License\n   Version 2.0, January 2004\n"
	mit    = "Copyright (c) Somebody\n\nPermission is hereby granted, free of charge, to any\nperson obtaining a copy of this software\n"
	bsd2   = "Redistribution and use in source and\nbinary forms, with or without modification, are permitted\n"
	bsd3   = bsd2 + "Neither the name of Somebody\n"
)

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestModuleBringsItsLicence(t *testing.T) {
	for _, tt := range []struct {
		name, licence string
		files         map[string]string
		texts         []string
	}{
		{"Apache", "Apache-2.0", map[string]string{"LICENSE": apache, "license.go": "package license", "README.md": mit}, []string{"m, LICENSE"}},
		{"MIT in Markdown", "MIT", map[string]string{"LICENSE.md": mit}, []string{"m, LICENSE.md"}},
		{"BSD with two clauses", "BSD-2-Clause", map[string]string{"COPYING": bsd2}, []string{"m, COPYING"}},
		{"BSD with three clauses and a patent grant", "BSD-3-Clause", map[string]string{"LICENSE": bsd3, "PATENTS": "a grant"}, []string{"m, LICENSE", "m, PATENTS"}},
		{"ISC", "ISC", map[string]string{"Licence": "Permission to use, copy, modify, and/or distribute this software for any\npurpose"}, []string{"m, Licence"}},
		{"two files", "Apache-2.0 AND MIT", map[string]string{"LICENSE-APACHE": apache, "LICENSE-MIT": mit}, []string{"m, LICENSE-APACHE", "m, LICENSE-MIT"}},
		{"a notice that names another", "Apache-2.0 AND MIT", map[string]string{"LICENSE": apache, "NOTICE": "under their original MIT\nlicense"}, []string{"m, LICENSE", "m, NOTICE"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Module{"m", "v1.2.3"}.Component(folder(t, tt.files))
			if err != nil {
				t.Fatal(err)
			}
			if got.Licence != tt.licence || got.Source != "Go module m@v1.2.3" {
				t.Errorf("licence %q from %q, want %q from Go module m@v1.2.3", got.Licence, got.Source, tt.licence)
			}
			var names []string
			for _, text := range got.Texts {
				names = append(names, text.Name)
			}
			if diff := cmp.Diff(tt.texts, names); diff != "" {
				t.Errorf("texts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestModuleOfNoKnownLicenceStopsTheBuild(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"none", map[string]string{"README.md": mit, "LICENSES/MIT": mit}, "has no LICENSE, COPYING or the like"},
		{"an unknown one", map[string]string{"LICENSE": "You may use this on Sundays."}, "none of Apache-2.0, BSD-2-Clause, BSD-3-Clause, ISC and MIT"},
		{"the GPL", map[string]string{"LICENSE": "GNU GENERAL PUBLIC\nLICENSE"}, "it speaks of the General Public License"},
		{"the GPL beside another", map[string]string{"LICENSE": mit, "COPYING": "GNU Affero General Public License"}, "it speaks of the General Public License"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Module{"example.org/m", "v1.2.3"}.Component(folder(t, tt.files))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "read the licence of example.org/m v1.2.3: ") {
				t.Errorf("Component = %v, want an error that names the module and says %q", err, tt.want)
			}
		})
	}
}

func TestModulesAreThoseInTheProgram(t *testing.T) {
	program := filepath.Join(t.TempDir(), "twinlb")
	if output, err := exec.Command("go", "build", "-o", program, "twinlb/image").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	version, modules, err := Linked(program)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(version, "go1.") {
		t.Errorf("version of Go %q, want go1.…", version)
	}
	// Only tests use go-cmp.
	has := func(path string) bool {
		return slices.ContainsFunc(modules, func(m Module) bool { return m.Path == path && strings.HasPrefix(m.Version, "v") })
	}
	if !has("github.com/spf13/cobra") || has("github.com/google/go-cmp") {
		t.Errorf("modules %v, want cobra among them and not go-cmp", modules)
	}
	if _, _, err := Linked("modules_test.go"); err == nil || !strings.Contains(err.Error(), "list the modules in a program: ") {
		t.Errorf("Linked of a text = %v, want an error", err)
	}
}
