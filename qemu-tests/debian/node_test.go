package debian

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"twinlb/seed"

	"github.com/google/go-cmp/cmp"
	"gotest.tools/v3/golden"
)

// access has a host key of nothing but its length.
var access = Access{AuthorizedKeys: "ssh-ed25519 AAAA ops@lab\n", HostKey: make([]byte, 32)}

func load(t *testing.T, example string) *seed.Pair {
	t.Helper()
	pair, err := seed.Load(filepath.Join("..", "..", "examples", example+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// render returns the files of a node by their paths.
func render(t *testing.T, pair *seed.Pair, name string) map[string]string {
	t.Helper()
	all, err := nodeFiles(pair, name, access)
	if err != nil {
		t.Fatal(err)
	}
	content := make(map[string]string)
	for _, f := range all {
		content[f.path] = string(f.content)
	}
	return content
}

func TestFilesOfTheExamples(t *testing.T) {
	for _, tt := range []struct{ example, node string }{{"pair", "lb-a"}, {"pair", "lb-b"}, {"galera", "lb-a"}} {
		for path, got := range render(t, load(t, tt.example), tt.node) {
			if strings.HasPrefix(path, "etc/ssh/") || path == "etc/machine-id" { // no text that a person reads
				continue
			}
			name := filepath.Join(tt.example+"-"+tt.node, filepath.Base(path))
			t.Run(name, func(t *testing.T) { golden.Assert(t, got, name) })
		}
	}
}

func TestNodesDifferInWhatIsTheirOwnOnly(t *testing.T) {
	pair := load(t, "pair")
	a, b := render(t, pair, "lb-a"), render(t, pair, "lb-b")
	var differ []string
	for path := range a {
		if a[path] != b[path] {
			differ = append(differ, path)
		}
	}
	slices.Sort(differ)
	// The host key, which is the caller's, has the node's name as a comment.
	want := []string{"etc/haproxy/haproxy.cfg", "etc/hostname", "etc/keepalived/keepalived.conf", "etc/machine-id",
		"etc/network/interfaces", "etc/ssh/ssh_host_ed25519_key"}
	if diff := cmp.Diff(want, differ); diff != "" {
		t.Errorf("files in which the nodes differ (-want +got):\n%s", diff)
	}
	if id := a["etc/machine-id"]; len(id) != 33 || strings.Trim(id, "0123456789abcdef\n") != "" {
		t.Errorf("machine-id is %q, want 32 hexadecimal digits and a newline", id)
	}
}

// A master without HAProxy must come behind every backup that has it.
func TestScriptOutweighsRole(t *testing.T) {
	pair := load(t, "pair")
	pair.Nodes = append(pair.Nodes, seed.Node{Name: "lb-c", Role: seed.Backup})
	var got []int
	for _, spec := range pair.Specs() {
		got = append(got, nodeData{Spec: spec, Node: spec.Node}.Priority())
	}
	if diff := cmp.Diff([]int{200, 100, 99}, got); diff != "" {
		t.Errorf("priorities (-want +got):\n%s", diff)
	}
	if config := render(t, pair, "lb-a")["etc/keepalived/keepalived.conf"]; !strings.Contains(config, "weight -150\n") {
		t.Errorf("keepalived.conf has no weight of -150, which the priorities %v need:\n%s", got, config)
	}
}

func TestWhatCannotRunIsRefused(t *testing.T) {
	pair := load(t, "pair")
	short := access
	short.HostKey = short.HostKey[1:]
	for name, tt := range map[string]struct {
		pair   *seed.Pair
		node   string
		access Access
		want   string
	}{
		"no such node":    {pair, "lb-c", access, `the node named "lb-c"`},
		"check by SHA2":   {load(t, "mysql8"), "lb-a", access, `check auth "sha2"`},
		"short host key":  {pair, "lb-a", short, "31 bytes, want 32"},
		"without any key": {pair, "lb-a", Access{}, "0 bytes, want 32"},
	} {
		if _, err := nodeFiles(tt.pair, tt.node, tt.access); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want one with %s", name, err, tt.want)
		}
	}
}
