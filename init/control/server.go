package control

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// conversations is how many there may be at once.
const conversations = 32

// linesPerReply keeps a reply below maxReply: a line of the journal has at most
// 2 KiB, of which JSON may make six times as much.
const linesPerReply = 64

// Handle does what a request asks and sends replies, as many as it likes. An
// error of its own becomes the last reply; gone is closed when the client has
// left or a reply could not be sent.
type Handle func(request Request, send func(Reply) error, gone <-chan struct{}) error

// Server answers the admin process. It never waits longer than Patience for it.
type Server struct {
	UID      uint32 // who alone may ask, besides root
	Handle   Handle
	Failed   func(error)   // a conversation that went wrong
	Patience time.Duration // for a request to come and for a reply to be taken; 5 s when zero
}

// Listen makes the socket, which only the group may use, and serves it for as long
// as the program lives.
func (s *Server) Listen(socket string, gid int) error {
	_ = os.Remove(socket)
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return fmt.Errorf("listen for the admin process: %w", err)
	}
	if err := errors.Join(os.Chown(socket, -1, gid), os.Chmod(socket, 0o660)); err != nil {
		return errors.Join(fmt.Errorf("listen for the admin process: %w", err), listener.Close())
	}
	go s.serve(listener)
	return nil
}

func (s *Server) serve(listener *net.UnixListener) {
	room := make(chan struct{}, conversations)
	for {
		conn, err := listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		} else if err != nil {
			s.Failed(fmt.Errorf("listen for the admin process: %w", err))
			time.Sleep(time.Second) // out of file descriptors: not for ever
			continue
		}
		select {
		case room <- struct{}{}:
			go func() {
				defer func() { <-room }()
				s.converse(conn)
			}()
		default: // the socket's buffer is empty: this does not wait
			_ = s.write(conn, Reply{Error: fmt.Sprintf("%d requests are being answered already; end a `logs -f`", conversations)})
			conn.Close()
		}
	}
}

// converse answers one request. A panic ends it and not PID 1.
func (s *Server) converse(conn *net.UnixConn) {
	defer conn.Close()
	defer func() {
		if p := recover(); p != nil {
			s.Failed(fmt.Errorf("answer the admin process: panic: %v", p))
		}
	}()
	if err := s.allow(conn); err != nil {
		s.Failed(err)
		return
	}
	request, err := s.readRequest(conn)
	if err != nil {
		s.Failed(err)
		_ = s.write(conn, Reply{Error: err.Error()})
		return
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		var b [1]byte
		_, _ = conn.Read(b[:]) // nothing more is expected but the end
	}()
	send := func(r Reply) error { return s.send(conn, r) }
	last := Reply{Done: true}
	if err := s.Handle(request, send, gone); err != nil {
		last = Reply{Error: err.Error()}
	}
	_ = s.write(conn, last)
}

// send writes a reply, with many lines as several.
func (s *Server) send(conn *net.UnixConn, r Reply) error {
	if len(r.Lines) <= linesPerReply {
		return s.write(conn, r)
	}
	for lines := range slices.Chunk(r.Lines, linesPerReply) {
		r.Lines = lines
		if err := s.write(conn, r); err != nil {
			return err
		}
	}
	return nil
}

// write closes the connection when a reply cannot be sent, so that the rest of
// one is never taken for the next.
func (s *Server) write(conn *net.UnixConn, r Reply) error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write a reply: %w", err)
	}
	if len(line) >= maxReply {
		return fmt.Errorf("write a reply: it has %d bytes, fewer than %d are possible", len(line), maxReply)
	}
	if err := conn.SetWriteDeadline(time.Now().Add(s.patience())); err != nil {
		return fmt.Errorf("write a reply: %w", err)
	}
	if _, err = conn.Write(append(line, '\n')); err != nil {
		conn.Close()
		return fmt.Errorf("write a reply: %w", err)
	}
	return nil
}

// allow asks the kernel who is at the other end (unix(7), SO_PEERCRED).
func (s *Server) allow(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return fmt.Errorf("ask who speaks: %w", err)
	}
	var peer *unix.Ucred
	var asked error
	err = raw.Control(func(fd uintptr) {
		peer, asked = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err := errors.Join(err, asked); err != nil {
		return fmt.Errorf("ask who speaks: %w", err)
	}
	if peer.Uid != 0 && peer.Uid != s.UID {
		return fmt.Errorf("answer the admin process: process %d of user %d is not it", peer.Pid, peer.Uid)
	}
	return nil
}

func (s *Server) readRequest(conn net.Conn) (Request, error) {
	if err := conn.SetReadDeadline(time.Now().Add(s.patience())); err != nil {
		return Request{}, fmt.Errorf("read a request: %w", err)
	}
	line, err := bufio.NewReaderSize(conn, maxRequest).ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return Request{}, fmt.Errorf("read a request: it is longer than %d bytes", maxRequest)
	} else if err != nil {
		return Request{}, fmt.Errorf("read a request: %w", err)
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		return Request{}, fmt.Errorf("read a request: %w", err)
	}
	return ParseRequest(line)
}

func (s *Server) patience() time.Duration {
	if s.Patience == 0 {
		return 5 * time.Second
	}
	return s.Patience
}
