package haproxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// Runtime is a conversation with the worker over its stats socket, in the
// interactive mode of HAProxy's management guide §9.3. One connection serves many
// commands: a worker that hangs still lets clients connect, and would fill its
// backlog with those that try again.
//
// It never waits, and an answer wakes nobody: it lies in the socket until it is
// looked for.
type Runtime struct {
	fd     int
	said   []byte // since the last question
	owed   int    // prompts until the answer to it is complete
	hangup *os.File
	ended  chan struct{}
}

const prompt = "\n> "

// maxAnswer is far more than "show stat" says of all the servers of a seed.
const maxAnswer = 4 << 20

// Dial connects to the worker's socket.
func Dial(socket string) (*Runtime, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("talk to haproxy: %w", err)
	}
	r := &Runtime{fd: fd, ended: make(chan struct{})}
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: socket}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("talk to haproxy at %s: %w", socket, err)
	}
	if r.hangup, err = hangup(fd); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("talk to haproxy: %w", err)
	}
	go r.awaitEnd()
	// The connection must not be closed while nothing is asked.
	for _, command := range []string{"prompt", "set timeout cli 1h"} {
		if err := r.send(command); err != nil {
			r.Close()
			return nil, err
		}
	}
	return r, nil
}

// Ask sends a command. The answer to the one before is lost if it was not taken.
func (r *Runtime) Ask(command string) error {
	r.said = r.said[:0]
	return r.send(command)
}

func (r *Runtime) send(command string) error {
	r.owed++
	if _, err := unix.Write(r.fd, []byte(command+"\n")); err != nil {
		return fmt.Errorf("ask haproxy to %s: %w", command, err)
	}
	return nil
}

// Answer returns the answer to the last command, if it is complete by now. It is
// valid until the next command. After an error the conversation is over.
func (r *Runtime) Answer() (answer []byte, complete bool, err error) {
	for {
		r.said = slices.Grow(r.said, 4<<10)
		n, err := unix.Read(r.fd, r.said[len(r.said):cap(r.said)])
		switch {
		case errors.Is(err, unix.EAGAIN):
			return r.complete()
		case errors.Is(err, unix.EINTR):
			continue
		case err == nil && n == 0:
			err = io.EOF
		case err == nil && len(r.said)+n > maxAnswer:
			err = fmt.Errorf("it has more than %d bytes", maxAnswer)
		}
		if err != nil {
			return nil, false, fmt.Errorf("hear haproxy's answer: %w", err)
		}
		r.said = r.said[:len(r.said)+n]
	}
}

// complete skips what was owed to the commands before the last.
func (r *Runtime) complete() (answer []byte, complete bool, err error) {
	for r.owed > 1 {
		_, rest, found := bytes.Cut(r.said, []byte(prompt))
		if !found {
			return nil, false, nil
		}
		r.said, r.owed = rest, r.owed-1
	}
	answer, complete = bytes.CutSuffix(r.said, []byte(prompt))
	if !complete {
		return nil, false, nil
	}
	r.owed = 0
	return bytes.TrimSpace(answer), true, nil
}

// Ended is closed when the worker ends the conversation, as it does by ending
// itself, and by Close.
func (r *Runtime) Ended() <-chan struct{} { return r.ended }

// Close ends the conversation.
func (r *Runtime) Close() {
	r.hangup.Close()
	<-r.ended
	unix.Close(r.fd)
}

// hangup makes an epoll(7) that can be read from once the other end has hung up,
// and is silent about answers.
func hangup(fd int) (*os.File, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLRDHUP})
	if err == nil {
		err = unix.SetNonblock(epoll, true) // so that Go waits for it as for a socket
	}
	if err != nil {
		unix.Close(epoll)
		return nil, err
	}
	return os.NewFile(uintptr(epoll), "hangup"), nil
}

func (r *Runtime) awaitEnd() {
	defer close(r.ended)
	conn, err := r.hangup.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Read(func(epoll uintptr) bool {
		n, err := unix.EpollWait(int(epoll), make([]unix.EpollEvent, 1), 0)
		return n > 0 || err != nil && !errors.Is(err, unix.EINTR)
	})
}
