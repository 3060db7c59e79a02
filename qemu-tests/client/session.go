package client

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"time"

	"twinlb/qemu-tests/lab"
)

// Session is one connection that stays open, as an application's pool keeps it.
type Session struct {
	Server int // its server_id
	ID     int // its CONNECTION_ID() there
	conn   driver.Conn
}

// Open logs in to what answers at the address.
func Open(ctx context.Context, from *lab.Host, server netip.AddrPort) (*Session, error) {
	connector, err := newConnector(from, server)
	if err != nil {
		return nil, err
	}
	var tcp *net.TCPConn
	conn, err := connector.Connect(context.WithValue(ctx, sessionKey{}, &tcp))
	if err != nil {
		return nil, fmt.Errorf("log in at %v: %w", server, err)
	}
	// The driver would ask a silent server after 15 s whether it is there; others do so
	// after two hours.
	if err := tcp.SetKeepAlive(false); err != nil {
		conn.Close()
		return nil, fmt.Errorf("log in at %v: %w", server, err)
	}
	s := &Session{conn: conn}
	if s.Server, err = s.number(ctx, "select @@server_id"); err == nil {
		s.ID, err = s.number(ctx, "select connection_id()")
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("ask %v who it is: %w", server, err)
	}
	return s, nil
}

type sessionKey struct{}

// hand gives the connection to the Open that it was made for.
func hand(ctx context.Context, conn net.Conn) {
	if tcp, ok := ctx.Value(sessionKey{}).(**net.TCPConn); ok {
		*tcp = conn.(*net.TCPConn)
	}
}

func (s *Session) number(ctx context.Context, query string) (int, error) {
	value, err := s.value(ctx, query)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(value)
}

// value is the first of the first row; "" when there is none.
func (s *Session) value(ctx context.Context, query string) (string, error) {
	rows, err := s.conn.(driver.QueryerContext).QueryContext(ctx, query, nil)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	if len(rows.Columns()) == 0 {
		return "", nil
	}
	row := make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(row); err == io.EOF {
		return "", nil
	} else if err != nil {
		return "", err
	}
	if text, ok := row[0].([]byte); ok {
		return string(text), nil
	}
	return fmt.Sprint(row[0]), nil
}

// Run runs a statement to its end, and tells how long that took.
func (s *Session) Run(ctx context.Context, statement string) (time.Duration, error) {
	began := time.Now()
	_, err := s.value(ctx, statement)
	return time.Since(began), err
}

// Close ends the session.
func (s *Session) Close() error { return s.conn.Close() }
