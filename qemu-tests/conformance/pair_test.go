package conformance

import (
	"flag"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/sandbox"
	"twinlb/seed"
	"twinlb/services/keepalived"
)

func TestMain(m *testing.M) {
	// Tests do little but wait, each in a network of its own.
	flag.Set("test.parallel", "16")
	sandbox.Main(m)
}

// What all the pairs have, whoever made them.
const (
	vrid     = 100
	interval = 200 * time.Millisecond
	dead     = 3 * interval // and the skew, RFC 9568 §6.1
)

// skew is Skew_Time, RFC 9568 §6.1.
func skew(priority int) time.Duration { return time.Duration(256-priority) * interval / 256 }

// family is what a pair speaks, and for whom.
type family struct {
	name       string
	a, b, vips []string
	backend    string
}

var (
	ipv4 = family{
		name: "IPv4",
		a:    []string{"192.168.100.53/24"}, b: []string{"192.168.100.54/24"},
		vips: []string{"192.168.100.60", "192.168.100.61"}, backend: "192.168.100.51",
	}
	ipv6 = family{
		name: "IPv6",
		a:    []string{"2001:db8::53/64"}, b: []string{"2001:db8::54/64"},
		vips: []string{"2001:db8::60"}, backend: "2001:db8::51",
	}
	dual = family{
		name: "both",
		a:    []string{"192.168.100.53/24", "2001:db8::53/64"}, b: []string{"192.168.100.54/24", "2001:db8::54/64"},
		vips: []string{"192.168.100.60", "2001:db8::60"}, backend: "192.168.100.51",
	}
)

// pair is two nodes on a segment, and a client.
type pair struct {
	*lab.Lab
	wire   *wire
	a, b   *node // of higher and lower priority
	client *lab.Host
}

// newPair makes the nodes of the family; none runs.
func newPair(t *testing.T, f family) *pair {
	t.Helper()
	specs, l := specsOf(t, f), lab.New(t)
	return assemble(t, l, newNode(t, l, specs[0]), newNode(t, l, specs[1]))
}

func assemble(t *testing.T, l *lab.Lab, a, b *node) *pair {
	t.Helper()
	client := l.Host("client", netip.MustParsePrefix("192.168.100.1/24"), netip.MustParsePrefix("2001:db8::1/64"))
	p := &pair{Lab: l, wire: listen(t, l), a: a, b: b, client: client}
	p.wire.ignore(hardwareAddr(t, client))
	return p
}

func specsOf(t *testing.T, f family) []*seed.Spec {
	t.Helper()
	list := func(addresses []string) (text string) {
		for _, a := range addresses {
			text += fmt.Sprintf("%q, ", a)
		}
		return "[" + text + "]"
	}
	parsed, err := seed.Parse("pair.yaml", fmt.Appendf(nil, `#cloud-config
twinlb:
  vips: %s
  nodes:
    - {name: lb-a, role: master, address: %s}
    - {name: lb-b, role: backup, address: %s}
  vrrp: {virtual_router_id: %d, advert_interval: %v}
  pools:
    - name: mysql
      backends:
        - {name: mysql1, address: %q}
`, list(f.vips), list(f.a), list(f.b), vrid, interval, f.backend))
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Specs()
}

// run makes a pair whose first node is master and whose second is backup.
func run(t *testing.T, f family) *pair {
	t.Helper()
	p := newPair(t, f)
	p.start()
	return p
}

func (p *pair) start() {
	p.a.start()
	p.a.await(keepalived.StateMaster)
	p.b.start()
	p.b.await(keepalived.StateBackup)
}

// address is that which the node's adverts come from.
func (n *node) address() netip.Addr { return n.spec.Node.Address.Addr() }

// advertised are the VIPs of the adverts' family.
func (n *node) advertised() (vips []netip.Addr) {
	for _, vip := range n.spec.VIPs {
		if vip.Is4() == n.address().Is4() {
			vips = append(vips, vip)
		}
	}
	return vips
}

// answers checks that the node, and soon none but it, answers for each VIP.
func (p *pair) answers(t *testing.T, n *node) {
	t.Helper()
	for _, vip := range n.spec.VIPs {
		lab.Await(t, patience, fmt.Sprintf("%s alone to answer for %v", n.spec.Node.Name, vip), func() error {
			holders, err := p.client.WhoHas(vip, 50*time.Millisecond)
			if err == nil && (len(holders) != 1 || holders[0].String() != n.mac.String()) {
				err = fmt.Errorf("there are %v, want %v", holders, n.mac)
			}
			return err
		})
	}
}
