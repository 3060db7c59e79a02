package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"twinlb/qemu-tests/lab"
	"twinlb/seed"
	"twinlb/services"
	"twinlb/services/keepalived"
)

// plain is what somebody writes who knows VRRP and not twinlb, and a FIFO by which
// the test knows of the state. Over IPv6 Debian's keepalived sends unicast adverts
// with the hop limit of any packet, 64, unless it is told, and a node drops those, as
// RFC 9568 §5.1.2.3 has it.
var plain = template.Must(template.New("").Parse(`global_defs {
    router_id stranger
    vrrp_version 3
    vrrp_notify_fifo {{.FIFO}}
}
vrrp_instance stranger {
    state BACKUP
    interface eth0
    virtual_router_id {{.VRID}}
    priority {{.Priority}}
    advert_int {{.Interval}}
    unicast_src_ip {{.Self}}
    unicast_ttl 255
    unicast_peer {
        {{.Peer}}
    }
    virtual_ipaddress {
{{range .VIPs}}        {{.}} dev eth0
{{end}}    }
}
`))

// newStranger makes a node with Debian's own keepalived, which does not run yet.
func newStranger(t *testing.T, l *lab.Lab, spec *seed.Spec, priority int) *node {
	t.Helper()
	program, err := exec.LookPath("keepalived")
	if err != nil {
		t.Skip("needs the Debian package keepalived: ", err)
	}
	its := *spec
	its.Priority = priority
	n := addNode(t, l, &its)
	n.must(os.MkdirAll(n.dir+keepalived.RunDir, 0o755))
	n.must(os.MkdirAll(n.dir+keepalived.TrackDir, 0o755)) // not looked at
	var config strings.Builder
	n.must(plain.Execute(&config, map[string]any{
		"FIFO": n.dir + keepalived.NotifyFIFO, "VRID": vrid, "Priority": priority, "Interval": interval.Seconds(),
		"Self": n.address(), "Peer": its.Peers[0].Address.Addr(), "VIPs": n.advertised(),
	}))
	file := filepath.Join(n.dir, "keepalived.conf")
	n.must(os.WriteFile(file, []byte(config.String()), 0o644))
	n.service = services.Service{
		Argv: []string{
			program, "--vrrp", "--dont-fork", "--log-console", "--no-syslog", "--use-file", file,
			"--pid", file + ".pid", "--vrrp_pid", file + ".vrrp.pid",
		},
		StopSignal: syscall.SIGTERM,
	}
	n.listen()
	return n
}

// Debian's keepalived of another version, configured by hand, and ours understand each
// other, whichever is the master: takeover, from one that resigns and from one that is
// silent, hand-back, and never two masters that hear each other.
func TestStrangerIsUnderstood(t *testing.T) {
	t.Parallel()
	for _, f := range []family{ipv4, ipv6} {
		t.Run(f.name+" as backup", func(t *testing.T) {
			t.Parallel()
			specs, l := specsOf(t, f), lab.New(t)
			p := assemble(t, l, newNode(t, l, specs[0]), newStranger(t, l, specs[1], 200))
			p.start()
			p.exchange(t, func(n *node) { n.may(false, 0) }, func(n *node) { n.may(true, 0) }, 0)
		})
		t.Run(f.name+" as master", func(t *testing.T) {
			t.Parallel()
			specs, l := specsOf(t, f), lab.New(t)
			p := assemble(t, l, newStranger(t, l, specs[1], 254), newNode(t, l, specs[0]))
			p.start()
			p.exchange(t, (*node).stop, (*node).start, 3)
		})
	}
}

// exchange moves the VIP to b and back in both ways.
func (p *pair) exchange(t *testing.T, resign, back func(*node), announces int) {
	t.Helper()
	var resigned, silent []time.Duration
	for range takeovers {
		resigned = append(resigned, p.resign(t, resign))
		p.handBack(t, back)
		silent = append(silent, p.silence(t))
		p.heal(t, announces)
	}
	judge(t, "takeover after priority 0", resigned, skew(p.b.spec.Priority))
	judge(t, "takeover after the last advert", silent, dead+skew(p.b.spec.Priority))
}
