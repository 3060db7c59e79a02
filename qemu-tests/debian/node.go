package debian

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"

	"golang.org/x/crypto/ssh"

	"twinlb/seed"
)

// Access is how one logs in to a node, which is as root.
type Access struct {
	AuthorizedKeys string // text for sshd(8)'s authorized_keys
	HostKey        []byte // seed of the node's Ed25519 host key, 32 bytes, as image/keys derives it
}

// WriteDisk writes the disk of the pair's node to path, with mode 0600. It boots
// under BIOS and UEFI.
func (s *System) WriteDisk(path string, pair *seed.Pair, nodeName string, access Access) error {
	files, err := nodeFiles(pair, nodeName, access)
	if err != nil {
		return fmt.Errorf("write Debian's disk of %s: %w", nodeName, err)
	}
	if err := s.writeDisk(path, files); err != nil {
		return fmt.Errorf("write Debian's disk of %s: %w", nodeName, err)
	}
	return nil
}

func (s *System) writeDisk(path string, files []file) error {
	from := filepath.Join(s.dir, diskFile)
	if messages, err := exec.Command("cp", "--sparse=always", from, path).CombinedOutput(); err != nil {
		return fmt.Errorf("copy %s: %w\n%s", from, err, messages)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	offset, err := rootOffset(path)
	if err != nil {
		return fmt.Errorf("find the root partition: %w", err)
	}
	return addFiles(path, offset, files)
}

// nodeData is what the templates see.
type nodeData struct {
	*seed.Spec
	seed.Node
	MachineID      string // machine-id(5)
	AuthorizedKeys string
	HostKey        string // in OpenSSH's format
}

// State is the node's part in keepalived.conf.
func (d nodeData) State() string { return strings.ToUpper(string(d.Role)) }

// Priority leaves room for the weight of the script: a master without HAProxy
// has less than a backup with it.
func (d nodeData) Priority() int {
	for i, n := range d.Nodes {
		if n.Name == d.Name && i > 0 {
			return 101 - i
		}
	}
	return 200
}

// nodeFiles renders the templates.
func nodeFiles(pair *seed.Pair, name string, access Access) ([]file, error) {
	spec, err := pair.ForName(name)
	if err != nil {
		return nil, err
	}
	for _, pool := range pair.Pools {
		if pool.Check.Auth != seed.Native {
			return nil, fmt.Errorf("pool %s: check auth %q: HAProxy's mysql-check has no such method; want %s", pool.Name, pool.Check.Auth, seed.Native)
		}
	}
	key, err := openSSHKey(access.HostKey, name)
	if err != nil {
		return nil, err
	}
	data := nodeData{Spec: spec, Node: spec.Node, MachineID: machineID(name), AuthorizedKeys: strings.TrimSpace(access.AuthorizedKeys), HostKey: key}
	all, err := files(node)
	if err != nil {
		return nil, err
	}
	for i, f := range all {
		t, err := template.New(f.path).Parse(string(f.content))
		if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		if err := t.Execute(&text, data); err != nil {
			return nil, err
		}
		all[i].content = text.Bytes()
	}
	return all, nil
}

// machineID is the same at each boot; without one, systemd takes it for the first.
func machineID(name string) string {
	sum := sha256.Sum256([]byte("machine-id of " + name))
	return fmt.Sprintf("%x", sum[:16])
}

// mode is for the files that sshd wants to be private.
func (f file) mode() os.FileMode {
	if strings.HasPrefix(f.path, "root/") || strings.HasPrefix(f.path, "etc/ssh/") {
		return 0o600
	}
	return 0o644
}

func openSSHKey(key []byte, comment string) (string, error) {
	if len(key) != ed25519.SeedSize {
		return "", fmt.Errorf("SSH host key: %d bytes, want %d", len(key), ed25519.SeedSize)
	}
	block, err := ssh.MarshalPrivateKey(ed25519.NewKeyFromSeed(key), comment)
	if err != nil {
		return "", fmt.Errorf("SSH host key: %w", err)
	}
	return string(pem.EncodeToMemory(block)), nil
}
