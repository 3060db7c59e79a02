package haproxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// Runtime is a conversation with the worker over its stats socket, in the
// interactive mode of HAProxy's management guide §9.3. One connection serves many
// commands: a worker that hangs still lets clients connect, and would fill its
// backlog with those that try again.
type Runtime struct {
	conn   net.Conn
	reader *bufio.Reader
}

const prompt = "\n> "

// Dial connects to the worker's socket and waits for its prompt.
func Dial(socket string, timeout time.Duration) (*Runtime, error) {
	conn, err := net.DialTimeout("unix", socket, timeout)
	if err != nil {
		return nil, fmt.Errorf("ask haproxy: %w", err)
	}
	r := &Runtime{conn: conn, reader: bufio.NewReader(conn)}
	// The idle connection must not be closed between two probes.
	for _, command := range []string{"prompt", "set timeout cli 1h"} {
		if _, err := r.Ask(command, timeout); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return r, nil
}

// Ask sends a command and returns its answer. Only a timeout tells that a worker
// hangs; after any error the conversation is over.
func (r *Runtime) Ask(command string, timeout time.Duration) ([]byte, error) {
	if err := r.conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return nil, fmt.Errorf("ask haproxy to %s: %w", command, err)
	}
	if _, err := r.conn.Write([]byte(command + "\n")); err != nil {
		return nil, fmt.Errorf("ask haproxy to %s: %w", command, err)
	}
	var answer []byte
	for !bytes.HasSuffix(answer, []byte(prompt)) {
		b, err := r.reader.ReadByte()
		if err != nil {
			return nil, fmt.Errorf("ask haproxy to %s: %w", command, err)
		}
		answer = append(answer, b)
	}
	return bytes.TrimSpace(answer[:len(answer)-len(prompt)]), nil
}

// Ping asks for next to nothing: whether the worker answers.
func (r *Runtime) Ping(timeout time.Duration) error {
	_, err := r.Ask("show version", timeout)
	return err
}

// Listen waits for d while nothing is asked. It returns early, with an error,
// when the worker ends the conversation, as it does by ending itself.
func (r *Runtime) Listen(d time.Duration) error {
	if err := r.conn.SetReadDeadline(time.Now().Add(d)); err != nil {
		return fmt.Errorf("listen to haproxy: %w", err)
	}
	switch _, err := r.reader.Peek(1); {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil
	case err == nil:
		return fmt.Errorf("listen to haproxy: it speaks without being asked")
	default:
		return fmt.Errorf("listen to haproxy: %w", err)
	}
}

// Close ends the conversation.
func (r *Runtime) Close() error { return r.conn.Close() }
