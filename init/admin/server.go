package admin

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"twinlb/services/admin"

	"golang.org/x/crypto/ssh"
)

// server is the SSH server of a node.
type server struct {
	node    string
	hostKey ssh.Signer
	socket  string // of PID 1
	times   times
	log     func(format string, args ...any)

	places  places
	refused ration

	// authorized are the keys that may log in now: another seed has others, and must
	// not end the sessions that there are.
	authorized func() ([]admin.Key, error)
}

func newServer(node string, hostKey ssh.Signer, authorized func() ([]admin.Key, error), socket string) *server {
	return &server{
		node:       node,
		hostKey:    hostKey,
		authorized: authorized,
		socket:     socket,
		times:      standard,
		log:        func(format string, args ...any) { fmt.Fprintf(os.Stdout, format+"\n", args...) },
	}
}

// serve ends only with its listener.
func (s *server) serve(listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("listen for SSH: %w", err)
		case err != nil:
			s.refuse("accept a connection: %v", err)
			time.Sleep(time.Second) // out of memory or of files: not for ever
			continue
		}
		place, err := s.places.take(conn)
		if err != nil {
			s.refuse("connection from %s refused: %v", conn.RemoteAddr(), err)
			conn.Close()
			continue
		}
		go func() {
			defer s.places.leave(place)
			defer conn.Close()
			s.welcome(place)
		}()
	}
}

// welcome lets a client log in and serves it.
func (s *server) welcome(p *place) {
	var tried attempt
	late := time.AfterFunc(s.times.login, func() { p.conn.Close() })
	conn, channels, requests, err := ssh.NewServerConn(&patient{p.conn, s.times.read}, s.config(p, &tried))
	if !late.Stop() && err == nil {
		conn.Close()
	}
	if err != nil {
		s.refuse("login from %s refused: %s: %s", p.conn.RemoteAddr(), &tried, quote(err.Error(), 160))
		return
	}
	go ssh.DiscardRequests(requests)
	client := &client{
		server: s,
		conn:   p.conn,
		by:     conn.Permissions.Extensions[who] + " from " + p.from.String(),
	}
	client.serve(channels)
}

// refuse logs what a stranger did. Strangers must not fill the journal.
func (s *server) refuse(format string, args ...any) {
	ok, withheld := s.refused.allow()
	if !ok {
		return
	}
	if withheld > 0 {
		s.log("%d refusals are not shown", withheld)
	}
	s.log(format, args...)
}

// attempt is what a client said of itself before it was logged in.
type attempt struct {
	user string
	key  string // the last one offered
}

func (a *attempt) String() string {
	if a.user == "" {
		return "no user"
	}
	return strings.TrimSuffix("user "+quote(a.user, 32)+", key "+a.key, ", key ")
}

// who is the extension that names the key of a connection.
const who = "who"

// config is for one connection: its callbacks note what was tried, and keep the
// place of who has logged in.
func (s *server) config(p *place, tried *attempt) *ssh.ServerConfig {
	config := &ssh.ServerConfig{
		ServerVersion:           "SSH-2.0-twinlb",
		MaxAuthTries:            6,
		PublicKeyAuthAlgorithms: ssh.SupportedAlgorithms().PublicKeyAuths,
		AuthLogCallback:         func(conn ssh.ConnMetadata, _ string, _ error) { tried.user = conn.User() },
		PublicKeyCallback: func(conn ssh.ConnMetadata, public ssh.PublicKey) (*ssh.Permissions, error) {
			tried.key = ssh.FingerprintSHA256(public)
			keys, err := s.authorized()
			if err != nil {
				return nil, err
			}
			i := slices.IndexFunc(keys, func(key admin.Key) bool { return bytes.Equal(key.Public.Marshal(), public.Marshal()) })
			if i < 0 || conn.User() != admin.Login {
				return nil, errors.New("not among ssh_authorized_keys")
			}
			return &ssh.Permissions{Extensions: map[string]string{who: name(keys[i])}}, nil
		},
		VerifiedPublicKeyCallback: func(_ ssh.ConnMetadata, _ ssh.PublicKey, permissions *ssh.Permissions, _ string) (*ssh.Permissions, error) {
			s.places.logIn(p)
			return permissions, nil
		},
	}
	// Nothing with SHA-1, and no Diffie-Hellman over primes: it costs the node
	// most before anybody has logged in. OpenSSH has had the others since 5.7.
	config.KeyExchanges = []string{
		ssh.KeyExchangeMLKEM768X25519, ssh.KeyExchangeCurve25519,
		ssh.KeyExchangeECDHP256, ssh.KeyExchangeECDHP384, ssh.KeyExchangeECDHP521,
	}
	config.MACs = []string{ssh.HMACSHA256ETM, ssh.HMACSHA512ETM, ssh.HMACSHA256, ssh.HMACSHA512}
	config.AddHostKey(s.hostKey)
	return config
}

// name is what a journal calls the holder of a key.
func name(key admin.Key) string {
	if comment := clean(cut(key.Comment, 64)); strings.TrimSpace(comment) != "" {
		return comment
	}
	return ssh.FingerprintSHA256(key.Public)
}

// patient ends a connection whose client takes nothing for a time.
type patient struct {
	net.Conn
	wait time.Duration
}

func (p *patient) Write(data []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(p.wait)); err != nil {
		return 0, err
	}
	n, err := p.Conn.Write(data)
	if err != nil {
		p.Close()
	}
	return n, err
}
