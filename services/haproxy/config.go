package haproxy

import (
	"fmt"
	"net/netip"

	"twinlb/seed"
	"twinlb/services"
)

// MetricsPort serves Prometheus metrics and the statistics page on the node's
// own address.
const MetricsPort = 8404

// Config renders haproxy.cfg for one node. HAProxy binds the VIPs on every node
// of the pair at all times, so that a backup's checks are green before it needs
// them.
func Config(spec *seed.Spec) ([]byte, error) {
	var t services.Text
	global(&t)
	defaults(&t)
	metrics(&t, spec)
	for _, pool := range spec.Pools {
		for i := range spec.VIPs {
			vipPool(&t, spec, pool, i)
		}
		nodePool(&t, spec, pool)
	}
	config, err := t.Bytes()
	if err != nil {
		return nil, fmt.Errorf("haproxy.cfg of %s: %w", spec.Node.Name, err)
	}
	return config, nil
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
	t.Line("    default-server inter 1s fastinter 20ms downinter 250ms fall 5 rise 2 tcp-ut 30s")
}

func metrics(t *services.Text, spec *seed.Spec) {
	t.Line("")
	t.Line("frontend metrics")
	t.Line("    mode http")
	t.Line("    bind %s:%d", spec.Node.Address.Addr(), MetricsPort)
	t.Line("    timeout client 10s")
	t.Line("    timeout http-request 5s")
	t.Line("    http-request use-service prometheus-exporter if { path /metrics }")
	t.Line("    stats enable")
	t.Line("    stats uri /")
	t.Line("    stats refresh 5s")
	t.Line("    stats show-node %s", spec.Node.Name)
}

// vipPool serves clients of a VIP and checks the backends. Its connections come
// from the VIP, so that grants do not depend on which node is active; its checks
// from the node, which works whoever holds the VIP. usesrc is for the connections
// only. HAProxy binds the address by IP_FREEBIND, which needs no privileges,
// although it warns at its start that they are missing.
//
// A connection that fails brings the next checks forward, and they say whether a
// server is dead. It does not say so by itself (on-error mark-down): a SYN gets
// lost, and a primary is not to be left for its standby because of that.
func vipPool(t *services.Text, spec *seed.Spec, pool seed.Pool, i int) {
	vip := spec.VIPs[i]
	listen(t, vipSection(pool, i), vip, pool)
	t.Line("    source %s usesrc %s", spec.Node.Address.Addr(), vip)
	loginCheck(t, pool.Check)
	// observe does nothing on servers that track others, so each VIP has checks.
	t.Line("    default-server check observe layer4 error-limit 1 on-error fastinter")
	for _, b := range pool.Backends {
		t.Line("    server %s %s:%d"+backup(b), b.Name, b.Address, b.Port)
	}
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

// nodePool serves clients of the node's own address, by the checks of the first VIP.
func nodePool(t *services.Text, spec *seed.Spec, pool seed.Pool) {
	address := spec.Node.Address.Addr()
	listen(t, nodeSection(pool), address, pool)
	t.Line("    source %s", address)
	for _, b := range pool.Backends {
		t.Line("    server %s %s:%d track %s/%s"+backup(b), b.Name, b.Address, b.Port, vipSection(pool, 0), b.Name)
	}
}

// listen begins a section. HAProxy's usual hash offers a refused connection the
// same dead server until no retry is left, the consistent one another server at
// once. Without the weight, which is points on its circle, three servers would
// have 39, 27 and 34 % of the clients.
func listen(t *services.Text, section string, address netip.Addr, pool seed.Pool) {
	t.Line("")
	t.Line("listen %s", section)
	t.Line("    bind %s:%d tcp-ut 30s", address, pool.Port)
	t.Line("    balance %s", pool.Balance)
	if pool.Balance == seed.SourceHash {
		t.Line("    hash-type consistent sdbm avalanche")
		t.Line("    default-server weight 16")
	}
}

func nodeSection(pool seed.Pool) string { return pool.Name + "_node" }

func vipSection(pool seed.Pool, i int) string {
	if i == 0 {
		return pool.Name + "_vip"
	}
	return fmt.Sprintf("%s_vip%d", pool.Name, i+1)
}

func backup(b seed.Backend) string {
	if b.Backup {
		return " backup"
	}
	return ""
}
