package main

import (
	"fmt"
	"io"
	"os"

	"twinlb/image/keys"
	"twinlb/seed"
	"twinlb/services/admin"
)

// resolved is a seed with the node that was chosen, and its keys once they are
// loaded.
type resolved struct {
	path  string // as it was given
	files *seed.Files
	pair  *seed.Pair
	spec  *seed.Spec

	folder string // of the keys
	secret keys.Secret
}

// resolve reads a seed and chooses its node. It prints the warnings.
func (c *choice) resolve(path string, warnings io.Writer) (*resolved, error) {
	files, err := seed.Read(path)
	if err != nil {
		return nil, err
	}
	pair, err := files.Parse()
	if err != nil {
		return nil, err
	}
	spec, err := c.of(pair)
	if err != nil {
		return nil, err
	}
	if len(spec.Warnings) > 0 {
		fmt.Fprintln(warnings, spec.Warnings)
	}
	return &resolved{path: path, files: files, pair: pair, spec: spec}, nil
}

// String names the node and the seed.
func (r *resolved) String() string {
	return fmt.Sprintf("%s (%s) of %s, seed %s", r.spec.Node.Name, r.spec.Node.Role, r.path, seed.Digest(r.files.UserData))
}

// loadKeys takes the keys from the folder, or beside the seed if that is "", and
// makes them on first use.
func (r *resolved) loadKeys(folder string) (err error) {
	if folder == "" {
		folder = keys.Folder(r.path)
	}
	r.folder = folder
	var made bool
	if r.secret, made, err = keys.Load(folder); err != nil {
		return err
	}
	if made {
		fmt.Fprintf(os.Stderr, "  made the pair's secret in %s: keep it, and use it for every node of the pair\n", folder)
	}
	return nil
}

// bundle is all that the node's machine gets.
func (r *resolved) bundle() *seed.Bundle {
	return &seed.Bundle{
		UserData:      r.files.UserData,
		NetworkConfig: r.files.NetworkConfig,
		NodeName:      r.spec.Node.Name,
		HostKey:       r.secret.HostKey(r.spec.Node.Name),
		PairKey:       r.secret.PairKey(),
	}
}

// login writes known_hosts and says how to reach the node, or that nobody can.
func (r *resolved) login() error {
	knownHosts, err := writeKnownHosts(r.folder, r.pair, r.secret)
	if err != nil { // the folder of the keys may be one that nobody writes to
		fmt.Fprintln(os.Stderr, "  note:", err)
	}
	if !admin.Listens(r.spec) {
		fmt.Printf("  ssh     nobody can log in: there are no ssh_authorized_keys in %s\n", r.path)
		return nil
	}
	fingerprint, err := admin.Fingerprint(r.secret.HostKey(r.spec.Node.Name))
	if err != nil {
		return err
	}
	option := ""
	if knownHosts != "" {
		option = "-o UserKnownHostsFile=" + knownHosts + " "
	}
	fmt.Printf("  ssh     ssh %s%s@%s status\n", option, admin.Login, hostsOf(r.spec)[0])
	fmt.Printf("          host key %s\n", fingerprint)
	return nil
}
