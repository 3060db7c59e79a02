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
	for _, node := range pair.Nodes {
		line, err := admin.KnownHost(node.Address.Addr(), secret.HostKey(node.Name))
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
