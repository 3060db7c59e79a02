package admin

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// openSSH is the client that people have.
type openSSH struct {
	t       *testing.T
	options []string
}

func newOpenSSH(t *testing.T, l *lab) *openSSH {
	t.Helper()
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Fatal("ssh is not installed: apt-get install openssh-client")
	}
	block, err := ssh.MarshalPrivateKey(l.key, "")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	identity := filepath.Join(dir, "id")
	if err := os.WriteFile(identity, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(l.address)
	if err != nil {
		t.Fatal(err)
	}
	known := filepath.Join(dir, "known_hosts")
	line := "[" + host + "]:" + port + " " + string(ssh.MarshalAuthorizedKey(l.server.hostKey.PublicKey()))
	if err := os.WriteFile(known, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	return &openSSH{t, []string{
		"-F", "none", "-i", identity, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "Port=" + port,
		"-o", "UserKnownHostsFile=" + known, "-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=yes",
	}}
}

// run returns what a program of OpenSSH says and its exit status.
func (o *openSSH) run(program string, args ...string) (stdout, stderr string, exit int) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, program, append(o.options, args...)...)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err := command.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		o.t.Fatalf("run %s %q: %v", program, args, err)
	}
	return out.String(), errs.String(), command.ProcessState.ExitCode()
}

func TestOpenSSH(t *testing.T) {
	l := newLab(t, answers, nil)
	client := newOpenSSH(t, l)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	const to = "admin@127.0.0.1"
	for _, tt := range []struct {
		name, program  string
		args           []string
		exit           int
		stdout, stderr string
	}{
		{"status", "ssh", []string{to, "status"}, 1, "DEGRADED", ""},
		{"on a terminal", "ssh", []string{"-tt", to, "status"}, 1, "DEGRADED", ""},
		{"failure", "ssh", []string{to, "failover"}, 1, "", "failover: no peer is heard"},
		{"unknown command", "ssh", []string{to, "ls", "-l"}, 64, "", "unknown command"},
		{"no command", "ssh", []string{to}, 1, "It has no shell", ""},
		{"agent and X11", "ssh", []string{"-A", "-X", to, "help"}, 0, "poweroff", ""},
		{"forwarding here", "ssh", []string{"-W", "127.0.0.1:22", to}, 255, "", "this node forwards nothing"},
		{"forwarding there", "ssh", []string{"-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:22", to, "help"}, 255, "", "remote port forwarding failed"},
		{"another user", "ssh", []string{"root@127.0.0.1", "status"}, 255, "", "Permission denied (publickey)"},
		{"sftp", "sftp", []string{to}, 255, "", ""},
		{"scp there", "scp", []string{file, to + ":file"}, 255, "", ""},
		{"scp of old there", "scp", []string{"-O", file, to + ":file"}, 1, "", "unknown command"},
		{"scp of old back", "scp", []string{"-O", to + ":file", file}, 1, "", "unknown command"},
	} {
		stdout, stderr, exit := client.run(tt.program, tt.args...)
		if exit != tt.exit || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) {
			t.Errorf("%s: %s %q exits %d, says\n%s\n%s\nwant %d, %q, %q", tt.name, tt.program, tt.args, exit, stdout, stderr, tt.exit, tt.stdout, tt.stderr)
		}
	}
	for _, r := range l.requests {
		if r.Verb != "status" && r.Verb != "failover" {
			t.Errorf("PID 1 was asked %+v", r)
		}
	}
}

// A forwarded port is opened by the client; what matters is what comes through.
func TestOpenSSHForwardsNoPort(t *testing.T) {
	l := newLab(t, answers, nil)
	client := newOpenSSH(t, l)
	there, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	reached := make(chan struct{}, 1)
	go func() {
		for {
			conn, err := there.Accept()
			if err != nil {
				return
			}
			conn.Close()
			reached <- struct{}{}
		}
	}()
	socket := filepath.Join(t.TempDir(), "forward.sock")
	command := exec.Command("ssh", append(client.options, "-L", socket+":"+there.Addr().String(), "admin@127.0.0.1", "logs", "-f")...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	}()
	var conn net.Conn
	until(t, "ssh -L to listen", func() bool {
		conn, err = net.Dial("unix", socket)
		return err == nil
	})
	defer conn.Close()
	l.expectLog(`channel "direct-tcpip" refused: this node forwards nothing`)
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes came through", n)
	}
	select {
	case <-reached:
		t.Error("a connection was forwarded")
	default:
	}
}
