// Package keys keeps a pair's secret beside its seed and derives from it what
// each node needs. The same folder gives the same keys on any machine.
package keys

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"twinlb/seed"
)

// Secret is the one secret of a pair, from which all its keys derive.
type Secret []byte

const (
	secretFile = "secret"
	secretSize = 32 // bytes
)

// Folder is where a seed's keys are unless said otherwise: pair.yaml has
// pair.keys beside it, a NoCloud folder pair has pair.keys as well.
func Folder(seedPath string) string {
	path := filepath.Clean(seedPath)
	for _, extension := range []string{".yaml", ".yml"} {
		path = strings.TrimSuffix(path, extension)
	}
	return path + ".keys"
}

// Load reads the secret in folder and makes it on first use; made tells which.
func Load(folder string) (secret Secret, made bool, err error) {
	path := filepath.Join(folder, secretFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(folder)
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the pair's secret: %w", err)
	}
	secret, err = hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) != secretSize {
		return nil, false, fmt.Errorf("read the pair's secret: %s does not hold %d hexadecimal digits; "+
			"put back the file that the other node was built with, or remove it and build both nodes again", path, 2*secretSize)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, false, fmt.Errorf("read the pair's secret: others may read %s (mode %04o); run: chmod 600 %s", path, info.Mode().Perm(), path)
	}
	return secret, false, nil
}

func create(folder string) (secret Secret, made bool, err error) {
	secret = make(Secret, secretSize)
	rand.Read(secret) // never fails, crypto/rand
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, false, fmt.Errorf("make the pair's secret: %w", err)
	}
	// Linked into place, so that two builds at once agree on one secret.
	aside, err := os.CreateTemp(folder, ".secret-*")
	if err != nil {
		return nil, false, fmt.Errorf("make the pair's secret: %w", err)
	}
	defer os.Remove(aside.Name())
	_, err = fmt.Fprintln(aside, hex.EncodeToString(secret))
	if err = errors.Join(err, aside.Close()); err != nil {
		return nil, false, fmt.Errorf("make the pair's secret: %w", err)
	}
	path := filepath.Join(folder, secretFile)
	if err := os.Link(aside.Name(), path); errors.Is(err, fs.ErrExist) {
		return Load(folder)
	} else if err != nil {
		return nil, false, fmt.Errorf("make the pair's secret: %w", err)
	}
	return secret, true, nil
}

// HostKey is the seed of a node's ed25519 SSH host key, seed.KeySize bytes.
func (s Secret) HostKey(node string) []byte { return s.derive("ssh host key of " + node) }

// PairKey is the key with which the nodes of the pair authenticate what they tell
// each other, seed.KeySize bytes.
func (s Secret) PairKey() []byte { return s.derive("pair key") }

// DiskID identifies a node's disk; it is no secret.
func (s Secret) DiskID(node string) (id [16]byte) {
	copy(id[:], s.derive("disk of "+node))
	return id
}

// derive is HKDF-SHA256 (RFC 5869) with the purpose as its info.
func (s Secret) derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, s, nil, "twinlb "+purpose, seed.KeySize)
	if err != nil {
		panic(err) // only for lengths beyond what SHA-256 can give
	}
	return key
}
