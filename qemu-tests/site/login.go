package site

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/lab"
	"twinlb/seed"
)

// Login is how an operator reaches nodes of ours.
type Login struct {
	*client.Operator
	From       *lab.Host
	KnownHosts string // file with the nodes' host keys
}

// Run runs a command on a node and returns what it wrote and its exit status.
func (l Login) Run(t lab.T, node netip.Addr, command string) (output string, status int) {
	t.Helper()
	output, status, err := l.Try(node, command)
	if err != nil {
		t.Fatal(err)
	}
	return output, status
}

// Try is Run for a node that may not let anybody log in at the moment.
func (l Login) Try(node netip.Addr, command string) (output string, status int, err error) {
	return l.Operator.Run(l.From, l.KnownHosts, node, command)
}

// UseKey makes a plain `ssh admin@NODE` log in like the operator. It puts a file in
// the place of /etc/ssh/ssh_config, until t is over: in a sandbox only.
func UseKey(t lab.T, l Login, pair *seed.Pair) {
	t.Helper()
	const standard = "/etc/ssh/ssh_config"
	var nodes []string
	for _, n := range pair.Nodes {
		nodes = append(nodes, n.Address.Addr().String())
	}
	config := filepath.Join(filepath.Dir(l.KnownHosts), "ssh_config")
	text := fmt.Sprintf("Host %s\n%s", strings.Join(nodes, " "), l.Config(l.KnownHosts))
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatalf("configure ssh: %v", err)
	}
	if err := unix.Mount(config, standard, "", unix.MS_BIND, ""); err != nil {
		t.Fatalf("configure ssh: put a file in the place of %s: %v", standard, err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(standard, unix.MNT_DETACH); err != nil {
			t.Errorf("configure ssh as it was: %v", err)
		}
	})
}
