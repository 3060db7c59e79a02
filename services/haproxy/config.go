package haproxy

import (
	"fmt"

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
		nodePool(&t, spec, pool)
		for i := range spec.VIPs {
			vipPool(&t, spec, pool, i)
		}
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
}

func defaults(t *services.Text) {
	t.Line("")
	t.Line("defaults")
	t.Line("    mode tcp")
	t.Line("    timeout connect 3s")
	// Longer than MySQL's wait_timeout of 8 hours: the server decides when an
	// idle connection of a pool ends. Dead peers are found by TCP itself.
	t.Line("    timeout client 9h")
	t.Line("    timeout server 9h")
	t.Line("    timeout check 1s")
	t.Line("    timeout queue 3s")
	for _, side := range []string{"cli", "srv"} {
		t.Line("    option %stcpka", side)
		t.Line("    %stcpka-idle 10s", side)
		t.Line("    %stcpka-intvl 5s", side)
		t.Line("    %stcpka-cnt 4", side)
	}
	// A refused connection goes to another backend at once.
	t.Line("    retries 3")
	t.Line("    option redispatch 1")
	t.Line("    default-server inter 1s fastinter 200ms downinter 1s fall 2 rise 2 tcp-ut 30s")
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

// nodePool serves clients of the node's own address and checks the backends
// from it, which works whoever holds the VIP.
func nodePool(t *services.Text, spec *seed.Spec, pool seed.Pool) {
	address := spec.Node.Address.Addr()
	t.Line("")
	t.Line("listen %s", nodeSection(pool))
	t.Line("    bind %s:%d tcp-ut 30s", address, pool.Port)
	t.Line("    balance %s", pool.Balance)
	t.Line("    source %s", address)
	loginCheck(t, pool.Check)
	for _, b := range pool.Backends {
		t.Line("    server %s %s:%d check"+backup(b), b.Name, b.Address, b.Port)
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

// vipPool serves clients of a VIP. Its connections to the backends come from
// the VIP, so that grants do not depend on which node is active.
func vipPool(t *services.Text, spec *seed.Spec, pool seed.Pool, i int) {
	vip := spec.VIPs[i]
	t.Line("")
	t.Line("listen %s", vipSection(pool, i))
	t.Line("    bind %s:%d tcp-ut 30s", vip, pool.Port)
	t.Line("    balance %s", pool.Balance)
	t.Line("    source %s", vip)
	for _, b := range pool.Backends {
		t.Line("    server %s %s:%d track %s/%s"+backup(b), b.Name, b.Address, b.Port, nodeSection(pool), b.Name)
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
