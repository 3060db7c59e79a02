package licences

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPinnedComponentHasTheTextsOfItsSources(t *testing.T) {
	for _, p := range FromSources {
		t.Run(p.Name, func(t *testing.T) {
			texts := make(map[string][]byte)
			for _, path := range p.Paths() {
				texts[path] = []byte("text of " + path)
			}
			if texts["debian/copyright"] == nil {
				t.Error("Debian's notices are not among the texts")
			}
			c := p.Component("1-1", texts)
			if want := "Debian source package " + p.Package + " 1-1"; c.Source != want || c.Licence != p.Licence {
				t.Errorf("source %q, licence %q; want %q, %q", c.Source, c.Licence, want, p.Licence)
			}
			var names []string
			for i, text := range c.Texts {
				names = append(names, text.Name)
				if want := "text of " + p.Paths()[i]; string(text.Data) != want {
					t.Errorf("%s is %q, want %q", text.Name, text.Data, want)
				}
			}
			if !slices.Contains(names, gpl2) || !slices.Contains(names, p.Name+", debian/copyright") {
				t.Errorf("texts %q, want the GPL and debian/copyright", names)
			}
		})
	}
}

func TestPackageWithoutItsCopyrightFileStopsTheBuild(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "copyright")
	i := Installed{Name: "GRUB", Package: "grub-pc-bin", Licence: "GPL", files: []file{{gone, ""}}}
	_, err := i.Component("grub2", "2.06-13")
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), gone) || !strings.Contains(err.Error(), "package grub-pc-bin") {
		t.Errorf("Component = %v, want an error that names file and package", err)
	}
	if err := os.WriteFile(gone, []byte("now it is here"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := i.Component("grub2", "2.06-13")
	want := Component{"GRUB", "2.06-13", "GPL", "Debian source package grub2 2.06-13", []Text{text("GRUB, "+gone, "now it is here")}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Component: %v (-want +got):\n%s", err, diff)
	}
}

func TestStubBeforeSystemd254HasGNUEFIInside(t *testing.T) {
	for _, tt := range []struct {
		version string
		inside  bool
		err     string
	}{
		{"252.39-1~deb12u2", true, ""},
		{"253.5-1", true, ""},
		{"254-1", false, ""},
		{"257.8-1~deb13u2", false, ""},
		{"", false, `version "" of systemd`},
		{"v252", false, `version "v252" of systemd`},
	} {
		got, err := StubLibrary(tt.version)
		if (tt.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("StubLibrary(%q): %v, want error %q", tt.version, err, tt.err)
		}
		if inside := len(got) == 1 && got[0].Name == GNUEFI; inside != tt.inside {
			t.Errorf("StubLibrary(%q) = %v, want gnu-efi: %t", tt.version, got, tt.inside)
		}
	}
}

// TestDocumentListsWhatIsBundled holds docs/licences.md to the code, and to the
// modules that init imports.
func TestDocumentListsWhatIsBundled(t *testing.T) {
	type row struct{ Name, Licence string }
	own, err := Own("../..")
	if err != nil {
		t.Fatal(err)
	}
	want := []row{{own.Name, own.Licence}}
	for _, p := range FromSources {
		want = append(want, row{p.Name, p.Licence})
	}
	for _, i := range FromHost("12") {
		want = append(want, row{i.Name, i.Licence})
	}
	library, err := StubLibrary("252")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range slices.Concat(library, inInit(t)) {
		want = append(want, row{c.Name, c.Licence})
	}

	document, err := os.ReadFile("../../docs/licences.md")
	if err != nil {
		t.Fatal(err)
	}
	var got []row
	for line := range strings.Lines(string(document)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.HasPrefix(line, "|---") || strings.Contains(line, "| component |") {
			continue
		}
		got = append(got, row{strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/licences.md (-bundled +document):\n%s", diff)
	}
}

// inInit are Go and the modules of the packages that init is compiled of.
func inInit(t *testing.T) []Component {
	t.Helper()
	run := func(args ...string) string {
		command := exec.Command("go", args...)
		command.Dir = "../.."
		command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
		output, err := command.Output()
		if err != nil {
			t.Fatalf("go %s: %v", strings.Join(args, " "), err)
		}
		return strings.TrimSpace(string(output))
	}
	runtime, err := Go("go1", run("env", "GOROOT"))
	if err != nil {
		t.Fatal(err)
	}
	all := []Component{runtime}
	lines := strings.Split(run("list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}", "./init"), "\n")
	slices.Sort(lines)
	for _, line := range slices.Compact(lines) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		c, err := Module{fields[0], fields[1]}.Component(fields[2])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}
