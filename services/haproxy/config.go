package haproxy

import (
	"fmt"
	"net/netip"

	"twinlb/seed"
	"twinlb/services"
)

// MetricsPort serves Prometheus metrics and the statistics page, on the node's own
// addresses or on its management interface.
const MetricsPort = 8404

// checks are when servers are checked, and how many checks decide.
const checks services.Words = "inter 1s fastinter 20ms downinter 250ms fall 5 rise 2"

// Config renders haproxy.cfg for one node. HAProxy binds the VIPs on every node
// of the pair at all times, so that a backup's checks are green before it needs
// them.
func Config(spec *seed.Spec, host services.Host) ([]byte, error) {
	config, err := render(spec, host)
	if err != nil {
		return nil, fmt.Errorf("haproxy.cfg of %s: %w", spec.Node.Name, err)
	}
	return config, nil
}

func render(spec *seed.Spec, host services.Host) ([]byte, error) {
	var t services.Text
	global(&t)
	defaults(&t)
	if err := metrics(&t, spec, host); err != nil {
		return nil, err
	}
	sections, err := Sections(spec)
	if err != nil {
		return nil, err
	}
	for _, s := range sections {
		s.frame(&t)
		for _, e := range s.Servers {
			e.line(&t)
		}
	}
	return t.Bytes()
}

// global has no log line: HAProxy says on stderr what happens to backends anyway.
func global(t *services.Text) {
	t.Line("# Rendered by twinlb from its seed.")
	t.Line("global")
	t.Line("    stats socket %s mode 600 level admin", socketInRoot)
	t.Line("    stats timeout 1m")
	// All first checks at once: a node is not ready before the last is done.
	t.Line("    max-spread-checks 20ms")
	t.Line("    strict-limits")
	// The workers that a reload leaves behind would live, with their memory, for as
	// long as a pool keeps its connections: without end.
	t.Line("    hard-stop-after 1h")
	t.Line("    mworker-max-reloads 4")
	// Nothing in its root tells HAProxy of NUMA, and looking takes it longer than
	// the rest of its start.
	t.Line("    no numa-cpu-mapping")
}

func defaults(t *services.Text) {
	t.Line("")
	t.Line("defaults")
	t.Line("    mode tcp")
	// Also how long a connection waits before it tries the same server again. A
	// lost SYN is repeated after as long; the kernel would take a second.
	t.Line("    timeout connect 200ms")
	// Longer than MySQL's wait_timeout of 8 hours: the server decides when an
	// idle connection of a pool ends. Dead peers are found by TCP itself.
	t.Line("    timeout client 9h")
	t.Line("    timeout server 9h")
	t.Line("    timeout check 500ms")
	t.Line("    timeout queue 3s")
	for _, side := range []string{"cli", "srv"} {
		t.Line("    option %stcpka", side)
		t.Line("    %stcpka-idle 10s", side)
		t.Line("    %stcpka-intvl 5s", side)
		t.Line("    %stcpka-cnt 4", side)
	}
	// A refused connection goes to another backend at once. Where all others are
	// backups it waits for 200 ms; by then five checks, 20 ms apart, have been
	// refused too. Five that are not answered take 1.1 s: a network that is silent
	// for less moves nothing to a standby, and ten retries outlast it.
	t.Line("    retries 10")
	t.Line("    option redispatch 1")
	t.Line("    default-server %s tcp-ut 30s", checks)
}

func metrics(t *services.Text, spec *seed.Spec, host services.Host) error {
	t.Line("")
	t.Line("frontend metrics")
	t.Line("    mode http")
	switch {
	case host.Management != "":
		// The kernel lets anybody bind a socket to a device since 5.7.
		t.Line("    bind :::%d v4v6 interface %s", MetricsPort, host.Management)
	case spec.Network.Management != "":
		return fmt.Errorf("metrics are for the management link %s only, and it is not known which interface that is", spec.Network.Management)
	default:
		for _, address := range spec.Node.Addresses() {
			t.Line("    bind %s", netip.AddrPortFrom(address.Addr(), MetricsPort))
		}
	}
	t.Line("    timeout client 10s")
	t.Line("    timeout http-request 5s")
	t.Line("    http-request use-service prometheus-exporter if { path /metrics }")
	t.Line("    stats enable")
	t.Line("    stats uri /")
	t.Line("    stats refresh 5s")
	t.Line("    stats show-node %s", spec.Node.Name)
	return nil
}

// Frame is a section as it stands in haproxy.cfg without its servers.
func (s *Section) Frame() ([]byte, error) {
	var t services.Text
	s.frame(&t)
	return t.Bytes()
}

// frame writes a section without its servers. Clients of a VIP reach the backends
// from the VIP, so that grants do not depend on which node is active; checks come
// from the node, which works whoever holds the VIP: usesrc is for the connections
// only. HAProxy binds the address by IP_FREEBIND, which needs no privileges,
// although it warns at its start that they are missing.
//
// A connection that fails brings the next checks forward, and they say whether a
// server is dead. It does not say so by itself (on-error mark-down): a SYN gets
// lost, and a primary is not to be left for its standby because of that.
func (s *Section) frame(t *services.Text) {
	t.Line("")
	t.Line("listen %s", s.Name)
	t.Line("    bind %s tcp-ut 30s", s.Listen)
	for _, network := range s.Pool.Allow {
		t.Line("    acl allowed src %s", network)
	}
	if len(s.Pool.Allow) > 0 {
		t.Line("    tcp-request connection reject unless allowed")
	}
	t.Line("    balance %s", s.Pool.Balance)
	if s.Pool.Balance == seed.SourceHash {
		// The usual hash offers a refused connection the same dead server until no
		// retry is left, this one another server at once.
		t.Line("    hash-type consistent sdbm avalanche")
	}
	if s.Usesrc.IsValid() {
		t.Line("    source %s usesrc %s", services.Literal(s.Source), services.Literal(s.Usesrc))
	} else {
		t.Line("    source %s", services.Literal(s.Source))
	}
	loginCheck(t, s.Pool.Check)
	t.Line("    default-server %s", s.defaults())
}

// line writes a server. Its options are words of this package.
func (e Entry) line(t *services.Text) {
	t.Line("    server %s %s weight %d"+e.limit()+e.Options, e.Name, e.Address, e.Weight)
}

// loginCheck logs in and out as a client would. Each expectation needs no more
// than the five bytes of a packet's head and type, so that a refusal is known at
// once; without min-recv HAProxy would wait for more until the check times out.
// HAProxy matches rbinary against upper-case hex: ^.{8} skips the packet's head.
func loginCheck(t *services.Text, check seed.Check) {
	t.Line("    option tcp-check")
	// Without linger a reset could overtake the COM_QUIT.
	t.Line("    tcp-check connect default linger")
	t.Line(`    tcp-check expect min-recv 5 error-status L7STS on-error "%%[res.payload(7,0),cut_crlf]" ! rbinary ^.{8}FF`)
	t.Line(`    tcp-check expect min-recv 5 error-status L7RSP on-error "no MySQL greeting" rbinary ^.{8}0A`)
	t.Line("    tcp-check send-binary %s", hexString(login(check)))
	t.Line(`    tcp-check expect min-recv 5 error-status L7STS on-error "%%[res.payload(13,0),cut_crlf]" ! rbinary ^.{8}FF`)
	t.Line(`    tcp-check expect min-recv 5 error-status L7STS on-error "the account %s wants %%[res.payload(5,0)]: see check auth in the seed" ! rbinary ^.{8}FE`, check.User)
	t.Line(`    tcp-check expect min-recv 5 error-status L7RSP on-error "the account %s has a password" rbinary ^.{8}00`, check.User)
	t.Line("    tcp-check send-binary %s", hexString(quit()))
}
