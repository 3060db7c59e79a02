package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"twinlb/image/keys"
	"twinlb/seed"
	"twinlb/services/admin"
)

// writeKnownHosts puts the public host keys of all nodes beside the pair's secret,
// in the form of sshd(8)'s known_hosts, and returns the file's path.
func writeKnownHosts(folder string, pair *seed.Pair, secret keys.Secret) (string, error) {
	var text strings.Builder
	for _, spec := range pair.Specs() {
		line, err := admin.KnownHost(hostsOf(spec), secret.HostKey(spec.Node.Name))
		if err != nil {
			return "", err
		}
		fmt.Fprintln(&text, line)
	}
	path := filepath.Join(folder, "known_hosts")
	if old, err := os.ReadFile(path); err == nil && string(old) == text.String() {
		return path, nil
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		return "", fmt.Errorf("write the pair's SSH host keys: %w", err)
	}
	return path, nil
}

// hostsOf are the addresses by which clients know a node. One whose address only a
// server knows has its name, for ssh -o HostKeyAlias.
func hostsOf(spec *seed.Spec) []string {
	var hosts []string
	for _, address := range admin.Addresses(spec) {
		if address.IsValid() {
			hosts = append(hosts, address.String())
		}
	}
	if len(hosts) == 0 {
		return []string{spec.Node.Name}
	}
	return hosts
}
