package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"twinlb/init/control"

	"golang.org/x/crypto/ssh"
)

// Exit statuses of commands. Those of status are its verdict's, 0 to 2.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 64  // EX_USAGE of sysexits.h
	exitUnavailable = 69  // EX_UNAVAILABLE: the status could not be had
	exitInterrupted = 130 // as of a shell after Ctrl-C
)

// session is one channel: at most one command.
type session struct {
	client   *client
	channel  ssh.Channel
	terminal atomic.Bool
	started  bool
	input    input
}

func (c *client) session(opened ssh.NewChannel) {
	channel, requests, err := opened.Accept()
	if err != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := &session{client: c, channel: channel, input: newInput()}
	// What is not read stays in memory.
	go io.Copy(io.Discard, channel.Stderr())
	for r := range requests { // until the channel is closed
		s.answer(ctx, cancel, r)
	}
}

// answer does what a request on the channel asks (RFC 4254 §6), when it is to run
// a command.
func (s *session) answer(ctx context.Context, cancel context.CancelFunc, r *ssh.Request) {
	var run func() int
	switch r.Type {
	case "pty-req":
		s.terminal.Store(true)
		_ = r.Reply(true, nil)
		return
	case "signal":
		cancel()
	case "exec":
		var exec struct{ Command string }
		if err := ssh.Unmarshal(r.Payload, &exec); err == nil {
			s.input.expect(exec.Command)
			run = func() int { return s.execute(ctx, exec.Command) }
		}
	case "shell":
		run = s.noShell
	}
	if run == nil || s.started {
		_ = r.Reply(false, nil)
		return
	}
	s.started = true
	_ = r.Reply(true, nil)
	go s.readInput(cancel)
	go s.run(run)
}

// readInput hears Ctrl-C on a terminal. What else the client types is for a command
// that takes a seed, and lost on any other.
func (s *session) readInput(interrupt func()) {
	const ctrlC = "\x03"
	buffer := make([]byte, 1024)
	for {
		n, err := s.channel.Read(buffer)
		if s.terminal.Load() && strings.Contains(string(buffer[:n]), ctrlC) {
			interrupt()
		}
		s.input.add(buffer[:n])
		if err != nil {
			s.input.end()
			return
		}
	}
}

func (s *session) run(command func() int) {
	s.client.begin()
	defer s.client.end()
	status := struct{ Status uint32 }{uint32(command())}
	s.soon(func() {
		_, _ = s.channel.SendRequest("exit-status", false, ssh.Marshal(status))
		_ = s.channel.CloseWrite()
		_ = s.channel.Close()
	})
}

// soon does what depends on the client, and ends the connection when that takes
// too long: nothing in SSH has a deadline.
func (s *session) soon(do func()) {
	late := time.AfterFunc(s.client.server.times.read, func() {
		s.client.server.log("%s: connection ended, it read nothing for %s", s.client.by, s.client.server.times.read)
		s.client.conn.Close()
	})
	defer late.Stop()
	do()
}

// output and errors are the streams of the client.
func (s *session) output() io.Writer {
	return &output{to: s.channel, soon: s.soon, terminal: s.terminal.Load()}
}

func (s *session) errors() io.Writer {
	return &output{to: s.channel.Stderr(), soon: s.soon, terminal: s.terminal.Load()}
}

func (s *session) noShell() int {
	s.client.server.log("%s: wanted a shell", s.client.by)
	fmt.Fprintf(s.output(), "This is %s, a twinlb node. It has no shell; say what you want:\n\n%s", s.client.server.node, help)
	return exitFailed
}

// execute runs one command and returns its exit status. PID 1 notes what it is
// asked to do.
func (s *session) execute(ctx context.Context, line string) int {
	server, by := s.client.server, s.client.by
	command, err := parseCommand(line)
	if err != nil {
		server.log("%s: %s refused", by, quote(line, 64))
		fmt.Fprintln(s.errors(), err)
		return exitUsage
	}
	if command.help {
		fmt.Fprint(s.output(), command.usage())
		return exitDone
	}
	request := command.request(by)
	if command.verb == control.Apply {
		if request.Seed, err = s.input.seed(ctx, server.times.seed); err != nil {
			fmt.Fprintf(s.errors(), "%s: %v\n", command.verb, err)
			return exitFailed
		}
	}
	patience := server.times.answer
	if command.verb == control.Drill {
		patience = server.times.step
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(patience, func() { cancel(context.DeadlineExceeded) })
	defer late.Stop()
	if command.follow {
		late.Stop()
	}
	status, known := exitDone, command.verb != control.Status
	err = control.Ask(ctx, server.socket, request, func(reply control.Reply) error {
		if !command.follow {
			late.Reset(patience)
		}
		if reply.Pair != nil {
			status, known = reply.Pair.Verdict.ExitStatus(), true
		}
		return show(s.output(), command, reply)
	})
	switch {
	case err == nil && known:
		return status
	case err == nil:
		err = errors.New("PID 1 has sent none")
	case errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		err = fmt.Errorf("PID 1 has not answered for %s; `logs` may say why", patience)
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	fmt.Fprintf(s.errors(), "%s: %v\n", command.verb, err)
	if command.verb == control.Status {
		return exitUnavailable
	}
	return exitFailed
}
