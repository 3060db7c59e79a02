package admin

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Key is one of those that may log in.
type Key struct {
	Public  ssh.PublicKey
	Comment string // "" when the line has none
}

// ParseKeys reads the lines of an authorized_keys file (sshd(8)), at least one.
// A line with options is refused: none of them is obeyed here.
func ParseKeys(file []byte) ([]Key, error) {
	var keys []Key
	for line := range bytes.Lines(file) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		public, comment, options, _, err := ssh.ParseAuthorizedKey(line)
		if err != nil {
			return nil, fmt.Errorf("read key %d of ssh_authorized_keys: %w", len(keys)+1, err)
		}
		if len(options) > 0 {
			return nil, fmt.Errorf("read key %d of ssh_authorized_keys: it has options, which are not supported", len(keys)+1)
		}
		keys = append(keys, Key{public, comment})
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("read ssh_authorized_keys: there are none, so nobody could log in")
	}
	return keys, nil
}

// HostKey makes the node's SSH host key of its ed25519 seed (RFC 8032 §5.1.5).
func HostKey(seed []byte) (ssh.Signer, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("make the SSH host key: its seed has %d bytes, want %d", len(seed), ed25519.SeedSize)
	}
	return ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(seed))
}

// Fingerprint names a host key as SSH clients do, SHA256:….
func Fingerprint(seed []byte) (string, error) {
	key, err := HostKey(seed)
	if err != nil {
		return "", err
	}
	return ssh.FingerprintSHA256(key.PublicKey()), nil
}

// KnownHost is a node's line of a known_hosts file (sshd(8)), for all addresses
// or names that clients know it by.
func KnownHost(hosts []string, seed []byte) (string, error) {
	key, err := HostKey(seed)
	if err != nil {
		return "", err
	}
	return strings.Join(hosts, ",") + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey()))), nil
}
