package client

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"

	"twinlb/qemu-tests/lab"
)

// Operator is somebody with a key who logs in to nodes, with OpenSSH's ssh.
type Operator struct {
	AuthorizedKey string // a line for ssh_authorized_keys
	User          string // of the nodes: admin

	key string // file of the private key
}

// operatorName is the comment of the key, which a node's journal shows.
const operatorName = "ops@lab"

// NewOperator makes a key in the folder.
func NewOperator(dir string) (*Operator, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make an SSH key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, operatorName)
	if err != nil {
		return nil, fmt.Errorf("make an SSH key: %w", err)
	}
	key := filepath.Join(dir, "id_ed25519")
	if err := os.WriteFile(key, pem.EncodeToMemory(block), 0o600); err != nil {
		return nil, fmt.Errorf("make an SSH key: %w", err)
	}
	line, err := ssh.NewPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("make an SSH key: %w", err)
	}
	return &Operator{
		AuthorizedKey: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(line))) + " " + operatorName,
		User:          "admin",
		key:           key,
	}, nil
}

// Config is what ssh_config(5) needs below a Host line to log in as the operator.
func (o *Operator) Config(knownHosts string) string {
	return fmt.Sprintf("\tUser %s\n\tIdentityFile %s\n\tIdentitiesOnly yes\n\tUserKnownHostsFile %s\n\tStrictHostKeyChecking yes\n", o.User, o.key, knownHosts)
}

// SSH is the command with which the operator runs one on the node. Its host key
// must be in the known_hosts file.
func (o *Operator) SSH(from *lab.Host, knownHosts string, node netip.Addr, command string) *exec.Cmd {
	return from.Command("ssh", "-F", "none", "-i", o.key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
		"-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile="+knownHosts, "-o", "ConnectTimeout=10",
		"-o", "LogLevel=ERROR", o.User+"@"+node.String(), command)
}

// Run runs a command on the node and returns what it wrote and its exit status.
// Only an ssh that could not run it is an error.
func (o *Operator) Run(from *lab.Host, knownHosts string, node netip.Addr, command string) (output string, status int, err error) {
	const sshFailed = 255 // ssh(1)
	run := o.SSH(from, knownHosts, node, command)
	var stdout, stderr bytes.Buffer
	run.Stdout, run.Stderr = &stdout, &stderr
	err = run.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() == sshFailed) {
		return "", 0, fmt.Errorf("ssh %s@%v %s: %w: %s", o.User, node, command, err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String() + stderr.String(), run.ProcessState.ExitCode(), nil
}
