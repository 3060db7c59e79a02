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

	"golang.org/x/sys/unix"
)

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
	r, err := Dial(socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// ask asks and waits for the answer or for an error.
func ask(t *testing.T, r *Runtime, command string) (string, error) {
	t.Helper()
	if err := r.Ask(command); err != nil {
		return "", err
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		answer, complete, err := r.Answer()
		if complete || err != nil {
			return string(answer), err
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited 5 s for the answer to %q", command)
		}
	}
}

// expectEnded wants to know of the end of the conversation.
func expectEnded(t *testing.T, r *Runtime) {
	t.Helper()
	select {
	case <-r.Ended():
	case <-time.After(5 * time.Second):
		t.Error("waited 5 s for the end of the conversation")
	}
}

func TestManyCommandsInOneConversation(t *testing.T) {
	r := dial(t, worker(t, func(conn net.Conn, commands *bufio.Scanner) {
		greet(conn, commands)
		for commands.Scan() {
			io.WriteString(conn, "answer to "+commands.Text()+"\n\n> ")
		}
	}))
	for _, command := range []string{"show info", "show stat", "show info"} {
		got, err := ask(t, r, command)
		if want := "answer to " + command; err != nil || got != want {
			t.Errorf("%q was answered by %q, %v, want %q", command, got, err, want)
		}
	}
}

func TestConversationBeginsWithThePromptAndALongTimeout(t *testing.T) {
	said := make(chan string, 3)
	r := dial(t, worker(t, func(conn net.Conn, commands *bufio.Scanner) {
		for commands.Scan() {
			said <- commands.Text()
		}
	}))
	if err := r.Ask("show info"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"prompt", "set timeout cli 1h", "show info"} {
		if got := <-said; got != want {
			t.Errorf("said %q, want %q", got, want)
		}
	}
}

func TestAnswerIsCompleteWithItsPrompt(t *testing.T) {
	next := make(chan string)
	r := dial(t, worker(t, func(conn net.Conn, _ *bufio.Scanner) {
		for piece := range next {
			io.WriteString(conn, piece)
		}
	}))
	defer close(next)
	if err := r.Ask("show info"); err != nil {
		t.Fatal(err)
	}
	// The first two prompts belong to the commands with which a conversation begins.
	for _, piece := range []string{"\n", "> ", "\n> one> ", "\n>", "two\n", ">"} {
		next <- piece
		if got, complete, err := r.Answer(); complete || err != nil {
			t.Errorf("after %q the answer is %q, %v, want none yet", piece, got, err)
		}
	}
	next <- " "
	next <- "" // the blank is on its way now
	if got, complete, err := r.Answer(); !complete || err != nil || string(got) != "one> \n>two" {
		t.Errorf("the answer is %q, %t, %v, want one> \\n>two", got, complete, err)
	}
}

func TestWorkerThatHangsHasNoAnswer(t *testing.T) {
	r := dial(t, worker(t, func(_ net.Conn, commands *bufio.Scanner) {
		for commands.Scan() {
		}
	}))
	if err := r.Ask("show info"); err != nil {
		t.Fatal(err)
	}
	if got, complete, err := r.Answer(); complete || err != nil {
		t.Errorf("Answer = %q, %t, %v, want none", got, complete, err)
	}
	select {
	case <-r.Ended():
		t.Error("the conversation is over, want it to go on")
	default:
	}
}

func TestEndOfTheWorkerIsHeard(t *testing.T) {
	t.Run("while nothing is asked", func(t *testing.T) {
		end := make(chan struct{})
		r := dial(t, worker(t, func(conn net.Conn, commands *bufio.Scanner) {
			greet(conn, commands)
			<-end
		}))
		close(end)
		expectEnded(t, r)
	})
	t.Run("in the middle of an answer", func(t *testing.T) {
		r := dial(t, worker(t, func(conn net.Conn, commands *bufio.Scanner) {
			greet(conn, commands)
			commands.Scan()
			io.WriteString(conn, "half an ans")
		}))
		if got, err := ask(t, r, "show info"); !errors.Is(err, io.EOF) || got != "" {
			t.Errorf("the answer is %q, %v, want nothing and %v", got, err, io.EOF)
		}
		expectEnded(t, r)
		if err := r.Ask("show info"); !errors.Is(err, unix.EPIPE) {
			t.Errorf("Ask after the end: %v, want %v", err, unix.EPIPE)
		}
	})
}

// What wakes a prober is only the end: answers would do so as often as all else.
func TestAnswersDoNotEndTheConversation(t *testing.T) {
	r := dial(t, worker(t, func(conn net.Conn, commands *bufio.Scanner) {
		greet(conn, commands)
		for commands.Scan() {
			io.WriteString(conn, "\n> ")
		}
	}))
	for range 3 {
		if _, err := ask(t, r, Ping); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-r.Ended():
		t.Error("the conversation is over, want it to go on")
	case <-time.After(20 * time.Millisecond):
	}
}

func TestWorkerThatIsNotThere(t *testing.T) {
	if _, err := Dial(filepath.Join(t.TempDir(), "worker.sock")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Dial: %v, want %v", err, os.ErrNotExist)
	}
}

func TestAnswerWithoutEndIsAnError(t *testing.T) {
	r := dial(t, worker(t, func(conn net.Conn, commands *bufio.Scanner) {
		greet(conn, commands)
		commands.Scan()
		for block := make([]byte, 64<<10); ; {
			if _, err := conn.Write(block); err != nil {
				return
			}
		}
	}))
	if _, err := ask(t, r, "show info"); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("error = %v, want one about its size", err)
	}
}

func TestServersOverTheSocket(t *testing.T) {
	answer, err := os.ReadFile(filepath.Join("testdata", "running.csv"))
	if err != nil {
		t.Fatal(err)
	}
	r := dial(t, worker(t, func(conn net.Conn, commands *bufio.Scanner) {
		greet(conn, commands)
		for commands.Scan() && commands.Text() == ShowServers {
			conn.Write(append(answer, "\n> "...))
		}
	}))
	for range 2 {
		answer, err := ask(t, r, ShowServers)
		if err != nil {
			t.Fatal(err)
		}
		servers, err := ParseServers([]byte(answer))
		if err != nil || len(servers) != 6 || servers[0].Name != "serves" {
			t.Errorf("servers = %v, %v, want the six of running.csv", servers, err)
		}
	}
}
