// Package fakemysql is a server that speaks as much of the MySQL protocol as a
// health check and a simple client do, the way MySQL 8.4 speaks it: accounts
// use caching_sha2_password and nothing else. Debian has no such server, and
// MariaDB has no such accounts.
//
// It counts what a real server counts, so that a test can tell a check that
// leaves aborted connections behind. It stores nothing and knows no TLS.
//
// Source: MySQL's internals documentation, "Connection Phase" and "Text Protocol".
package fakemysql

import (
	"errors"
	"net"
	"sync"
	"time"
)

// Server serves accounts without passwords. Its fields must not change while it does.
type Server struct {
	ID    int      // its server_id
	Users []string // accounts with an empty password

	mu     sync.Mutex
	counts Counts
}

// Counts are named after the status variables of MySQL.
type Counts struct {
	Logins          int // successful ones
	Quits           int // connections that ended with COM_QUIT after a login
	AbortedConnects int // connections that did not get as far as a login
	AbortedClients  int // connections that ended after a login without COM_QUIT
	AccessDenied    int // of AbortedConnects, those with a wrong user or password
}

// connectTimeout is how long a login may take, as MySQL's variable of that name.
const connectTimeout = 10 * time.Second

// Serve answers connections until the listener is closed, and then returns nil.
func (s *Server) Serve(listener net.Listener) error {
	for number := uint32(1); ; number++ {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go s.serve(conn, number)
	}
}

// Counts returns the counts so far.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

func (s *Server) count(change func(*Counts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.counts)
}

func (s *Server) serve(nc net.Conn, number uint32) {
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(connectTimeout))
	c := &conn{stream: nc}
	err := s.login(c, number)
	if err != nil {
		s.count(func(n *Counts) {
			n.AbortedConnects++
			if errors.Is(err, errAccessDenied) {
				n.AccessDenied++
			}
		})
		return
	}
	s.count(func(n *Counts) { n.Logins++ })
	nc.SetDeadline(time.Time{})
	if err := s.commands(c); err != nil {
		s.count(func(n *Counts) { n.AbortedClients++ })
		return
	}
	s.count(func(n *Counts) { n.Quits++ })
}
