package seed

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder makes a folder with files of such content.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadFolder(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string // in the error, below the folder; none when empty
	}{
		{"user-data alone", map[string]string{"user-data": base}, ""},
		{"empty meta-data", map[string]string{"user-data": base, "meta-data": ""}, ""},
		{"meta-data", map[string]string{"user-data": base, "meta-data": "instance-id: i-1\nlocal-hostname: lb-b\n"}, ""},
		{"no user-data", map[string]string{"meta-data": ""}, "a folder needs a file user-data"},
		{"bad user-data", map[string]string{"user-data": "#cloud-config\n"}, "user-data:1:1: nothing but comments"},
		{"the empty files of Proxmox VE", map[string]string{"user-data": base, "network-config": "", "vendor-data": ""}, ""},
		{"vendor-data", map[string]string{"user-data": base, "vendor-data": "#cloud-config\n"}, "vendor-data:1:1: vendor-data is not acted on"},
		{"compressed vendor-data", map[string]string{"user-data": base, "vendor-data": "\x1f\x8b"}, "vendor-data:1:1: the file is compressed with gzip, which only user-data may be"},
		{"no such node", map[string]string{"user-data": base, "meta-data": "local-hostname: lb-c"}, `meta-data:1:17: local-hostname: "lb-c" is none of the nodes: lb-a (master), lb-b (backup)`},
		{"meta-data of bad user-data", map[string]string{"user-data": "#cloud-config\n", "meta-data": "local-hostname: lb_c"}, `meta-data:1:17: local-hostname: "lb_c" is not a host name`},
		{"unknown key", map[string]string{"user-data": base, "meta-data": "instance_id: 1"}, "meta-data:1:1: instance_id: unknown key; did you mean instance-id?"},
		{"not meta-data", map[string]string{"user-data": base, "meta-data": "{"}, "meta-data:1:2: YAML:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t, test.files)
			for _, path := range []string{dir, filepath.Join(dir, "user-data")} {
				pair, err := Load(path)
				switch {
				case test.want == "" && (err != nil || pair == nil):
					t.Errorf("Load(%s) = %v, %v, want a pair", path, pair, err)
				case test.want != "" && test.files["user-data"] != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
					t.Errorf("Load(%s) = %v, want … %s", path, err, test.want)
				}
			}
		})
	}
}

func TestLoadMissing(t *testing.T) {
	dir := folder(t, nil)
	for path, want := range map[string]string{
		dir:                             "read seed: a folder needs a file user-data: open ",
		filepath.Join(dir, "pair.yaml"): "read seed: stat ",
	} {
		if _, err := Load(path); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Load(%s) = %v, want %s…", path, err, want)
		}
	}
}
