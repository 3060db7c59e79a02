package haproxy

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// timeout is for answers that come.
const timeout = 5 * time.Second

// worker makes a socket at which talk has the other end of each conversation.
func worker(t *testing.T, talk func(conn net.Conn, commands *bufio.Scanner)) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "worker.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				talk(conn, bufio.NewScanner(conn))
			}()
		}
	}()
	return socket
}

// greet answers the two commands with which a conversation begins.
func greet(conn net.Conn, commands *bufio.Scanner) {
	for range 2 {
		commands.Scan()
		io.WriteString(conn, "\n> ")
	}
}

func dial(t *testing.T, socket string) *Runtime {
	t.Helper()
	r, err := Dial(socket, timeout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestManyCommandsInOneConversation(t *testing.T) {
	r := dial(t, worker(t, func(conn net.Conn, commands *bufio.Scanner) {
		for commands.Scan() {
			switch command := commands.Text(); command {
			case "prompt", "set timeout cli 1h":
				io.WriteString(conn, "\n> ")
			default:
				io.WriteString(conn, "answer to "+command+"\n\n> ")
			}
		}
	}))
	for _, command := range []string{"show info", "show stat"} {
		got, err := r.Ask(command, timeout)
		if want := "answer to " + command; err != nil || string(got) != want {
			t.Errorf("Ask(%q) = %q, %v, want %q", command, got, err, want)
		}
	}
}

func TestConversationBeginsWithThePromptAndALongTimeout(t *testing.T) {
	said := make(chan string, 2)
	dial(t, worker(t, func(conn net.Conn, commands *bufio.Scanner) {
		for commands.Scan() {
			said <- commands.Text()
			io.WriteString(conn, "\n> ")
		}
	}))
	for _, want := range []string{"prompt", "set timeout cli 1h"} {
		if got := <-said; got != want {
			t.Errorf("said %q, want %q", got, want)
		}
	}
}

func TestPromptMayComeInPieces(t *testing.T) {
	r := dial(t, worker(t, func(conn net.Conn, commands *bufio.Scanner) {
		greet(conn, commands)
		commands.Scan()
		for _, piece := range []string{"one> ", "\n>", "two\n", ">", " "} {
			io.WriteString(conn, piece)
		}
		commands.Scan()
	}))
	got, err := r.Ask("show info", timeout)
	if want := "one> \n>two"; err != nil || string(got) != want {
		t.Errorf("Ask = %q, %v, want %q", got, err, want)
	}
}

func TestWorkerThatHangsIsADeadlineExceeded(t *testing.T) {
	const patience = 30 * time.Millisecond
	hang := func(_ net.Conn, commands *bufio.Scanner) {
		for commands.Scan() {
		}
	}
	t.Run("in a conversation", func(t *testing.T) {
		r := dial(t, worker(t, func(conn net.Conn, commands *bufio.Scanner) {
			greet(conn, commands)
			hang(conn, commands)
		}))
		began := time.Now()
		_, err := r.Ask("show info", patience)
		checkDeadline(t, err, time.Since(began), patience)
	})
	t.Run("in the middle of an answer", func(t *testing.T) {
		r := dial(t, worker(t, func(conn net.Conn, commands *bufio.Scanner) {
			greet(conn, commands)
			io.WriteString(conn, "half")
			hang(conn, commands)
		}))
		began := time.Now()
		_, err := r.Ask("show info", patience)
		checkDeadline(t, err, time.Since(began), patience)
	})
	t.Run("from the start", func(t *testing.T) {
		socket := worker(t, hang)
		began := time.Now()
		_, err := Dial(socket, patience)
		checkDeadline(t, err, time.Since(began), patience)
	})
}

func checkDeadline(t *testing.T, err error, took, patience time.Duration) {
	t.Helper()
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error = %v, want %v", err, os.ErrDeadlineExceeded)
	}
	if took < patience || took > patience+time.Second {
		t.Errorf("took %s, want the timeout of %s", took, patience)
	}
}

func TestWorkerThatGoesAwayIsNoDeadline(t *testing.T) {
	t.Run("in the middle of an answer", func(t *testing.T) {
		r := dial(t, worker(t, func(conn net.Conn, commands *bufio.Scanner) {
			greet(conn, commands)
			commands.Scan()
			io.WriteString(conn, "half an ans")
		}))
		got, err := r.Ask("show info", timeout)
		if !errors.Is(err, io.EOF) || got != nil {
			t.Errorf("Ask = %q, %v, want nothing and %v", got, err, io.EOF)
		}
	})
	t.Run("before the conversation", func(t *testing.T) {
		_, err := Dial(filepath.Join(t.TempDir(), "worker.sock"), timeout)
		if !errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("error = %v, want %v", err, os.ErrNotExist)
		}
	})
}

func TestListenHearsTheEndOfTheWorker(t *testing.T) {
	end := make(chan struct{})
	r := dial(t, worker(t, func(conn net.Conn, commands *bufio.Scanner) {
		greet(conn, commands)
		commands.Scan()
		io.WriteString(conn, "3.0.11\n\n> ")
		<-end
	}))
	const quiet = 20 * time.Millisecond
	began := time.Now()
	if err := r.Listen(quiet); err != nil {
		t.Errorf("Listen to a worker that is quiet: %v", err)
	}
	if took := time.Since(began); took < quiet || took > quiet+time.Second {
		t.Errorf("Listen took %s, want %s", took, quiet)
	}
	if err := r.Ping(timeout); err != nil {
		t.Errorf("Ping after Listen: %v", err)
	}
	close(end)
	if err := r.Listen(time.Minute); !errors.Is(err, io.EOF) {
		t.Errorf("Listen to a worker that ends: %v, want %v", err, io.EOF)
	}
}

func TestServersOverTheSocket(t *testing.T) {
	answer, err := os.ReadFile(filepath.Join("testdata", "running.csv"))
	if err != nil {
		t.Fatal(err)
	}
	r := dial(t, worker(t, func(conn net.Conn, commands *bufio.Scanner) {
		greet(conn, commands)
		for commands.Scan() && commands.Text() == showServers {
			conn.Write(append(answer, "\n> "...))
		}
	}))
	for range 2 {
		servers, err := r.Servers(timeout)
		if err != nil || len(servers) != 6 || servers[0].Name != "serves" {
			t.Errorf("Servers = %v, %v, want the six of running.csv", servers, err)
		}
	}
}
