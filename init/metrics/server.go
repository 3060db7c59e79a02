package metrics

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"twinlb/init/status"
)

// connections is how many there may be at once. When there are more, the oldest is
// ended: otherwise a few that say nothing would lock all out.
const connections = 16

// patience is for a client, from its connection to the end of the answer.
const patience = 5 * time.Second

// fresh is how old an answer may be: who asks all the time costs PID 1 no more than
// who asks each second.
const fresh = time.Second

const (
	path        = "/metrics"
	contentType = "text/plain; version=0.0.4; charset=utf-8"
)

// server answers GET of HTTP/1.1, one request on each connection.
type server struct {
	ask func() (*status.Pair, error)
	log func(format string, args ...any)

	mu    sync.Mutex
	open  []net.Conn // oldest first
	asked sync.Mutex
	text  string
	since time.Time // of text
}

func (s *server) serve(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		} else if err != nil {
			s.log("accept a connection: %v", err)
			time.Sleep(time.Second) // out of file descriptors: not for ever
			continue
		}
		s.admit(conn)
		go func() {
			defer s.leave(conn)
			s.answer(conn)
		}()
	}
}

func (s *server) admit(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) == connections {
		s.open[0].Close()
		s.open = slices.Delete(s.open, 0, 1)
	}
	s.open = append(s.open, conn)
}

func (s *server) leave(conn net.Conn) {
	conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = slices.DeleteFunc(s.open, func(o net.Conn) bool { return o == conn })
}

func (s *server) answer(conn net.Conn) {
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return
	}
	asked, err := readRequest(conn)
	if err == nil && asked.path != path {
		err = refusal{"404 Not Found", "there is only " + path}
	}
	var text string
	if err == nil {
		if text, err = s.metrics(); err != nil {
			s.log("%v", err)
			err = refusal{"503 Service Unavailable", err.Error()}
		}
	}
	var refused refusal
	switch {
	case err == nil:
		write(conn, "200 OK", contentType, text, asked.head)
	case errors.As(err, &refused):
		write(conn, refused.status, "text/plain; charset=utf-8", refused.why+"\n", asked.head)
	}
}

// write writes a response of RFC 9112. Its connection is closed after it.
func write(to io.Writer, status, kind, body string, head bool) {
	text := fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n", status, kind, len(body))
	if status == errMethod.status {
		text += "Allow: GET, HEAD\r\n"
	}
	text += "\r\n"
	if !head {
		text += body
	}
	_, _ = io.WriteString(to, text) // who has left needs no answer
}

// metrics asks PID 1, if what it said last is not fresh any more.
func (s *server) metrics() (string, error) {
	s.asked.Lock()
	defer s.asked.Unlock()
	if time.Since(s.since) < fresh && s.text != "" {
		return s.text, nil
	}
	pair, err := s.ask()
	if err != nil {
		return "", fmt.Errorf("ask PID 1 how the node is: %w", err)
	}
	s.text, s.since = expose(pair), time.Now()
	return s.text, nil
}
