package admin

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"twinlb/init/control"
	"twinlb/init/journal"
	"twinlb/init/status"
	"twinlb/services/admin"

	"golang.org/x/crypto/ssh"
)

// lab is a server on loopback, with a PID 1 that a test writes.
type lab struct {
	t       *testing.T
	server  *server
	address string
	key     ed25519.PrivateKey // that may log in

	mu       sync.Mutex
	said     []string
	requests []control.Request
}

// answers is what a PID 1 does in a test that does not care.
func answers(r control.Request, send func(control.Reply) error, gone <-chan struct{}) error {
	switch r.Verb {
	case control.Status:
		return send(control.Reply{Pair: pair(func(p *status.Pair, _ *status.Node) { p.Node.Backends[0].Up = false })})
	case control.Logs:
		err := send(control.Reply{Lines: []journal.Line{{Subject: "haproxy", Text: "a line\x1b[2J"}}})
		if err == nil && r.Follow {
			<-gone
		}
		return err
	case control.Failover:
		return errors.New("no peer is heard")
	}
	return send(control.Reply{Said: string(r.Verb) + " " + r.Service})
}

// newLab starts a server; change it before that.
func newLab(t *testing.T, handle control.Handle, change func(*server)) *lab {
	t.Helper()
	l := &lab{t: t, key: newKey(t)}
	socket := filepath.Join(t.TempDir(), "control.sock")
	pid1 := &control.Server{
		UID: uint32(os.Getuid()),
		Handle: func(r control.Request, send func(control.Reply) error, gone <-chan struct{}) error {
			l.mu.Lock()
			l.requests = append(l.requests, r)
			l.mu.Unlock()
			return handle(r, send, gone)
		},
		Failed: func(err error) { l.log("PID 1: %v", err) },
	}
	if err := pid1.Listen(socket, os.Getgid()); err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(l.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	hostKey, err := admin.HostKey(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	authorized := func() ([]admin.Key, error) { return []admin.Key{{Public: public, Comment: "ops@example"}}, nil }
	l.server = newServer("lb-a", hostKey, authorized, socket)
	l.server.log = l.log
	if change != nil {
		change(l.server)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	l.address = listener.Addr().String()
	go l.server.serve(listener)
	return l
}

func newKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (l *lab) log(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, fmt.Sprintf(format, args...))
}

// expectLog waits for a line with the text.
func (l *lab) expectLog(text string) {
	l.t.Helper()
	until(l.t, fmt.Sprintf("%q in the journal", text), func() bool { return strings.Contains(l.journal(), text) })
}

func (l *lab) journal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.said, "\n")
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still waiting after 10 s for %s", what)
		}
	}
}

func (l *lab) dial(user string, auth ...ssh.AuthMethod) (*ssh.Client, error) {
	return ssh.Dial("tcp", l.address, &ssh.ClientConfig{
		User: user, Auth: auth, HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 10 * time.Second,
	})
}

func (l *lab) login() *ssh.Client {
	l.t.Helper()
	client, err := l.dial(admin.Login, keyAuth(l.t, l.key))
	if err != nil {
		l.t.Fatalf("log in: %v", err)
	}
	l.t.Cleanup(func() { client.Close() })
	return client
}

func keyAuth(t *testing.T, key ed25519.PrivateKey) ssh.AuthMethod {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return ssh.PublicKeys(signer)
}

// run runs a command on a connection of its own.
func (l *lab) run(line string) (stdout, stderr string, exit int) {
	l.t.Helper()
	client := l.login()
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		l.t.Fatal(err)
	}
	var out, errs strings.Builder
	session.Stdout, session.Stderr = &out, &errs
	err = session.Run(line)
	var status *ssh.ExitError
	switch {
	case err == nil:
	case errors.As(err, &status):
		exit = status.ExitStatus()
	default:
		l.t.Fatalf("run %.80q: %v", line, err)
	}
	return out.String(), errs.String(), exit
}

func TestCommandsOverSSH(t *testing.T) {
	l := newLab(t, answers, nil)
	for _, tt := range []struct {
		line           string
		exit           int
		stdout, stderr string
	}{
		{"status", 1, "DEGRADED", ""},
		{"status --json", 1, `"verdict": "degraded"`, ""},
		{"restart haproxy", 0, "restart haproxy\n", ""},
		{"logs", 0, "a line?[2J", ""},
		{"failover", 1, "", "failover: no peer is heard\n"},
		{"help", 0, "logs [-f] [SERVICE]", ""},
		{"stop --help", 0, "stop SERVICE", ""},
		{"stop", 64, "", "usage: stop SERVICE"},
		{"bash -i", 64, "", "unknown command \"bash\"; known:\n  status [--json]"},
		{"", 64, "", "no command; known:"},
		{"status; reboot", 64, "", "unknown command"},
	} {
		stdout, stderr, exit := l.run(tt.line)
		if exit != tt.exit || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) ||
			(tt.stdout == "") != (stdout == "") || (tt.stderr == "") != (stderr == "") {
			t.Errorf("%q exits %d with\n%s\n%s\nwant %d with %q, %q", tt.line, exit, stdout, stderr, tt.exit, tt.stdout, tt.stderr)
		}
	}
	for _, r := range l.requests {
		if r.Verb == control.Reboot || r.By != "ops@example from 127.0.0.1" {
			t.Errorf("PID 1 was asked %+v", r)
		}
	}
	l.expectLog(`ops@example from 127.0.0.1: "bash -i" refused`)
}

func TestStatusThatCannotBeHadIsNoVerdict(t *testing.T) {
	l := newLab(t, answers, func(s *server) { s.socket = filepath.Join(t.TempDir(), "nobody.sock") })
	if _, stderr, exit := l.run("status"); exit != exitUnavailable || !strings.Contains(stderr, "ask PID 1") {
		t.Errorf("status without PID 1 exits %d with %q, want %d and the reason", exit, stderr, exitUnavailable)
	}
	if _, _, exit := l.run("reboot"); exit != exitFailed {
		t.Errorf("reboot without PID 1 exits %d, want %d", exit, exitFailed)
	}
	silent := newLab(t, func(control.Request, func(control.Reply) error, <-chan struct{}) error { return nil }, nil)
	if _, stderr, exit := silent.run("status"); exit != exitUnavailable || stderr != "status: PID 1 has sent none\n" {
		t.Errorf("status of a PID 1 that sends none exits %d with %q", exit, stderr)
	}
	late := newLab(t, func(_ control.Request, _ func(control.Reply) error, gone <-chan struct{}) error { <-gone; return nil },
		func(s *server) { s.times.answer = 50 * time.Millisecond })
	if _, stderr, exit := late.run("status"); exit != exitUnavailable || !strings.Contains(stderr, "has not answered for 50ms") {
		t.Errorf("status of a PID 1 that hangs exits %d with %q", exit, stderr)
	}
}

func TestWhoMayNotLogIn(t *testing.T) {
	l := newLab(t, answers, nil)
	var failures []string
	for _, tt := range []struct {
		name, user string
		auth       ssh.AuthMethod
	}{
		{"a strange key", admin.Login, keyAuth(t, newKey(t))},
		{"another user", "root", keyAuth(t, l.key)},
		{"a password", admin.Login, ssh.Password("admin")},
		{"a keyboard", admin.Login, ssh.KeyboardInteractive(func(_, _ string, q []string, _ []bool) ([]string, error) { return make([]string, len(q)), nil })},
		{"nothing", admin.Login, nil},
		{"a user that is no text", "ro\x1b[2J\not" + strings.Repeat("o", 100), keyAuth(t, l.key)},
	} {
		var auth []ssh.AuthMethod
		if tt.auth != nil {
			auth = append(auth, tt.auth)
		}
		client, err := l.dial(tt.user, auth...)
		if err == nil {
			client.Close()
			t.Errorf("%s was let in", tt.name)
			continue
		}
		failures = append(failures, err.Error())
	}
	if failures[0] != failures[1] {
		t.Errorf("a strange key is told %q and a strange user %q, want no difference", failures[0], failures[1])
	}
	l.expectLog(`user "root", key SHA256:`)
	l.expectLog(`user "ro\x1b[2J\not` + strings.Repeat("o", 32-9) + `"...`)
	if strings.Contains(l.journal(), "\x1b") {
		t.Error("an escape sequence of a stranger is in the journal")
	}
}

func TestManyLogInFromOneAddress(t *testing.T) {
	l := newLab(t, answers, nil)
	for range connections {
		l.login()
	}
	if client, err := l.dial(admin.Login, keyAuth(t, l.key)); err == nil {
		client.Close()
		t.Errorf("there are %d connections", connections+1)
	}
}

func TestNothingButSessions(t *testing.T) {
	l := newLab(t, answers, nil)
	client := l.login()
	for _, kind := range []string{"direct-tcpip", "direct-streamlocal@openssh.com", "tun@openssh.com", "x\x1b"} {
		_, _, err := client.OpenChannel(kind, nil)
		var refused *ssh.OpenChannelError
		if !errors.As(err, &refused) || refused.Reason != ssh.Prohibited {
			t.Errorf("channel %q: %v, want it prohibited", kind, err)
		}
	}
	if _, err := client.Listen("tcp", "127.0.0.1:0"); err == nil {
		t.Error("the server listens for a client")
	}
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"subsystem", "x11-req", "auth-agent-req@openssh.com", "env", "window-change", "nonsense"} {
		ok, err := session.SendRequest(kind, true, ssh.Marshal(struct{ Name string }{"sftp"}))
		if ok || err != nil {
			t.Errorf("request %q = %t, %v, want it refused", kind, ok, err)
		}
	}
	if ok, err := session.SendRequest("exec", true, []byte{0, 0, 1}); ok || err != nil {
		t.Errorf("a damaged exec = %t, %v, want it refused", ok, err)
	}
	if err := session.Start("logs -f"); err != nil {
		t.Errorf("exec after all that: %v", err)
	}
	if ok, _ := session.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{"reboot"})); ok {
		t.Error("a second command on one channel was accepted")
	}
}

func TestShellSaysWhereOneIs(t *testing.T) {
	l := newLab(t, answers, nil)
	session, err := l.login().NewSession()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	session.Stdout = &out
	if err := session.RequestPty("xterm", 24, 80, nil); err != nil {
		t.Fatal(err)
	}
	if err := session.Shell(); err != nil {
		t.Fatal(err)
	}
	var exit *ssh.ExitError
	if err := session.Wait(); !errors.As(err, &exit) || exit.ExitStatus() != 1 {
		t.Errorf("shell ends with %v, want exit status 1", err)
	}
	if !strings.HasPrefix(out.String(), "This is lb-a, a twinlb node. It has no shell") || !strings.Contains(out.String(), "poweroff") ||
		strings.Count(out.String(), "\n") != strings.Count(out.String(), "\r\n") {
		t.Errorf("shell says %q", out.String())
	}
}

func TestCtrlCEndsAFollowingOnATerminal(t *testing.T) {
	ended := make(chan struct{})
	l := newLab(t, func(_ control.Request, send func(control.Reply) error, gone <-chan struct{}) error {
		defer close(ended)
		err := send(control.Reply{Lines: []journal.Line{{Text: "first"}}})
		<-gone
		return err
	}, nil)
	session, err := l.login().NewSession()
	if err != nil {
		t.Fatal(err)
	}
	keyboard, err := session.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	screen, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.RequestPty("xterm", 24, 80, nil); err != nil {
		t.Fatal(err)
	}
	if err := session.Start("logs -f"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAtLeast(screen, make([]byte, 100), 10); err != nil {
		t.Fatal(err)
	}
	if _, err := keyboard.Write([]byte("x\x03")); err != nil {
		t.Fatal(err)
	}
	var exit *ssh.ExitError
	if err := session.Wait(); !errors.As(err, &exit) || exit.ExitStatus() != exitInterrupted {
		t.Errorf("logs -f ends with %v, want exit status %d", err, exitInterrupted)
	}
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("still waiting after 5 s for PID 1 to hear of it")
	}
}
