package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"twinlb/init/journal"
)

// asStranger makes a copy of this program that asks on the socket it names, so
// that somebody of another user does.
const asStranger = "TWINLB_TEST_ASK_ON"

func TestMain(m *testing.M) {
	if socket := os.Getenv(asStranger); socket != "" {
		err := Ask(context.Background(), socket, Request{Verb: Reboot, By: "a stranger"}, func(Reply) error { return nil })
		fmt.Println(err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// failures collects what went wrong on PID 1's side.
type failures struct {
	mu   sync.Mutex
	said []string
}

func (f *failures) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.said = append(f.said, err.Error())
}

func (f *failures) expect(t *testing.T, text string) {
	t.Helper()
	until(t, fmt.Sprintf("a failure with %q", text), func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return strings.Contains(strings.Join(f.said, "\n"), text)
	})
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still waiting after 10 s for %s", what)
		}
	}
}

func listen(t *testing.T, handle Handle) (socket string, f *failures) {
	t.Helper()
	f = new(failures)
	socket = filepath.Join(t.TempDir(), "control.sock")
	s := &Server{UID: uint32(os.Getuid()), Handle: handle, Failed: f.add, Patience: 200 * time.Millisecond}
	if err := s.Listen(socket, os.Getgid()); err != nil {
		t.Fatal(err)
	}
	return socket, f
}

func ask(socket string, r Request) (replies []Reply, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err = Ask(ctx, socket, r, func(reply Reply) error {
		replies = append(replies, reply)
		return nil
	})
	return replies, err
}

func aStatus() Request { return Request{Verb: Status, By: "ops"} }

func TestConversation(t *testing.T) {
	lines := make([]journal.Line, 1000)
	for i := range lines {
		lines[i].Text = strings.Repeat("\x01", 2048) // six bytes each as JSON
	}
	socket, _ := listen(t, func(r Request, send func(Reply) error, _ <-chan struct{}) error {
		switch r.Verb {
		case Logs:
			return send(Reply{Lines: lines})
		case Config:
			return send(Reply{Files: []File{{Text: strings.Repeat("x", maxReply)}}})
		case Reboot:
			return errors.New("no peer is heard")
		}
		return errors.Join(send(Reply{Said: "one"}), send(Reply{Said: "two"}))
	})
	if replies, err := ask(socket, aStatus()); err != nil || len(replies) != 2 || replies[0].Said != "one" || replies[1].Said != "two" {
		t.Errorf("status = %+v, %v, want two replies", replies, err)
	}
	replies, err := ask(socket, Request{Verb: Logs, By: "ops"})
	got := 0
	for _, r := range replies {
		got += len(r.Lines)
	}
	if err != nil || got != len(lines) {
		t.Errorf("logs = %d lines, %v, want %d", got, err, len(lines))
	}
	if _, err := ask(socket, Request{Verb: Config, By: "ops"}); err == nil || !strings.Contains(err.Error(), "fewer than 1048576 are possible") {
		t.Errorf("a reply that is too big: %v", err)
	}
	if _, err := ask(socket, Request{Verb: Reboot, By: "ops"}); err == nil || err.Error() != "no peer is heard" {
		t.Errorf("reboot: %v, want the handler's words", err)
	}
	if _, err := ask(socket, Request{Verb: "dance", By: "ops"}); err == nil || !strings.Contains(err.Error(), `unknown verb "dance"`) {
		t.Errorf("an unknown verb: %v", err)
	}
}

func TestSocketIsForTheGroupAlone(t *testing.T) {
	socket, _ := listen(t, nil)
	info, err := os.Stat(socket)
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("mode = %v, %v, want 0660", info.Mode(), err)
	}
	s := &Server{Handle: nil, Failed: func(error) {}}
	if err := s.Listen(socket, os.Getgid()); err != nil {
		t.Errorf("where one of a predecessor lies: %v", err)
	}
	if err := s.Listen("/nowhere/control.sock", os.Getgid()); err == nil {
		t.Error("Listen on /nowhere = nil")
	}
}

func TestStrangersAreRefused(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	socket, f := listen(t, func(Request, func(Reply) error, <-chan struct{}) error {
		t.Error("a stranger was answered")
		return nil
	})
	// The stranger must reach the socket, and this program, to be refused.
	dir, err := os.MkdirTemp("/tmp", "control")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "test")
	if out, err := exec.Command("cp", self, program).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	open := filepath.Join(dir, "control.sock")
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(socket, 0o666), os.Link(socket, open)); err != nil {
		t.Fatal(err)
	}
	stranger := exec.Command(program)
	stranger.Env = []string{asStranger + "=" + open}
	stranger.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := stranger.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "PID 1") {
		t.Errorf("the stranger hears %q, %v, want that it was not answered", out, err)
	}
	f.expect(t, "of user 65534 is not it")
}

func TestBadRequestsAreRefused(t *testing.T) {
	socket, f := listen(t, func(Request, func(Reply) error, <-chan struct{}) error {
		t.Error("a bad request was answered")
		return nil
	})
	for name, tt := range map[string]struct{ says, want string }{
		"too long":      {strings.Repeat("x", maxRequest+1), "longer than 32768 bytes"},
		"far too long":  {strings.Repeat("x", 1<<20), "longer than 32768 bytes"},
		"garbage":       {"\x00\xff\x1b[2J\n", "invalid character"},
		"half a line":   {`{"verb":"reboot"`, "i/o timeout"},
		"nothing":       {"", "i/o timeout"},
		"without names": {`{"verb":"reboot"}` + "\n", "name of who asks"},
	} {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		go io.WriteString(conn, tt.says)
		var reply Reply
		if err := json.NewDecoder(conn).Decode(&reply); err != nil || !strings.Contains(reply.Error, tt.want) {
			t.Errorf("%s: %+v, %v, want an error with %q", name, reply, err, tt.want)
		}
		conn.Close()
		f.expect(t, tt.want)
	}
}

func TestAClientThatReadsNothingIsLeft(t *testing.T) {
	ended := make(chan error, 1)
	socket, _ := listen(t, func(_ Request, send func(Reply) error, gone <-chan struct{}) error {
		for {
			if err := send(Reply{Said: strings.Repeat("x", 100_000)}); err != nil {
				select {
				case <-gone:
				case <-time.After(5 * time.Second):
					err = errors.New("gone is open")
				}
				ended <- err
				return nil
			}
		}
	})
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(aStatus()); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("send = %v, want that its time is over", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still waiting after 10 s for send to give up")
	}
}

func TestAClientThatLeavesEndsTheHandler(t *testing.T) {
	ended := make(chan struct{})
	socket, _ := listen(t, func(_ Request, send func(Reply) error, gone <-chan struct{}) error {
		defer close(ended)
		_ = send(Reply{Said: "begun"})
		<-gone
		return nil
	})
	ctx, cancel := context.WithCancel(context.Background())
	err := Ask(ctx, socket, Request{Verb: Logs, Follow: true, By: "ops"}, func(Reply) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Ask = %v, want that it was cancelled", err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("still waiting after 10 s for the handler to end")
	}
	broken := errors.New("broken")
	socket, _ = listen(t, func(_ Request, send func(Reply) error, _ <-chan struct{}) error { return send(Reply{Said: "one"}) })
	if err := Ask(context.Background(), socket, aStatus(), func(Reply) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("Ask = %v, want the error of each", err)
	}
}

func TestAPanicEndsOneConversation(t *testing.T) {
	socket, f := listen(t, func(r Request, send func(Reply) error, _ <-chan struct{}) error {
		_ = send(Reply{Said: "one"})
		if r.Verb == Status {
			panic("oops")
		}
		return nil
	})
	if _, err := ask(socket, aStatus()); err == nil || !strings.Contains(err.Error(), `before it had answered "status"`) {
		t.Errorf("status = %v, want that it was not answered to the end", err)
	}
	f.expect(t, "panic: oops")
	if _, err := ask(socket, Request{Verb: History, By: "ops"}); err != nil {
		t.Errorf("after it: %v", err)
	}
}

func TestConversationsAreBounded(t *testing.T) {
	end := make(chan struct{})
	var begun sync.WaitGroup
	begun.Add(conversations)
	socket, _ := listen(t, func(r Request, _ func(Reply) error, _ <-chan struct{}) error {
		if r.Verb == Logs {
			begun.Done()
			<-end
		}
		return nil
	})
	var done sync.WaitGroup
	for range conversations {
		done.Go(func() {
			if _, err := ask(socket, Request{Verb: Logs, By: "ops"}); err != nil {
				t.Error(err)
			}
		})
	}
	begun.Wait()
	if _, err := ask(socket, aStatus()); err == nil || !strings.Contains(err.Error(), "32 requests are being answered already") {
		t.Errorf("one more: %v", err)
	}
	close(end)
	done.Wait()
	until(t, "room for one more", func() bool {
		_, err := ask(socket, aStatus())
		return err == nil
	})
}
