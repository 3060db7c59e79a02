//go:build vm

package qemutests

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"twinlb/init/conflict"
	"twinlb/init/vrrp"
	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"

	"github.com/vishvananda/netlink"
)

// neighbour is the MAC address that the client knows of the VIP; "" when it knows none.
func (p *pair) neighbour(t *testing.T) string {
	t.Helper()
	out, err := p.Client.Command("ip", "neigh", "show", p.VIP().Addr().String()).Output()
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(string(out))
	if i := slices.Index(words, "lladdr"); i >= 0 && i+1 < len(words) {
		return words[i+1]
	}
	return ""
}

// metrics of a node, as Prometheus gets them.
func (p *pair) metrics(t *testing.T, node netip.AddrPort) string {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return p.Client.Dial(ctx, network, address)
	}}}
	answer, err := client.Get(fmt.Sprintf("http://%v/metrics", netip.AddrPortFrom(node.Addr(), 8406)))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("metrics of %v: %s %v: %s", node, answer.Status, err, text)
	}
	return string(text)
}

func (p *pair) awaitMetric(t *testing.T, node netip.AddrPort, line string) {
	t.Helper()
	lab.Await(t, 20*time.Second, fmt.Sprintf("%v to expose %q", node, line), func() error {
		if text := p.metrics(t, node); !strings.Contains(text, line+"\n") {
			return errors.New(text)
		}
		return nil
	})
}

// awaitStatus waits until the status of a node says something, and returns it.
func (p *pair) awaitStatus(t *testing.T, node netip.AddrPort, says string) string {
	t.Helper()
	var output string
	lab.Await(t, 30*time.Second, fmt.Sprintf("the status of %v to say %q", node, says), func() error {
		said, _, err := p.Try(node.Addr(), "status")
		if err == nil && !strings.Contains(said, says) {
			err = errors.New(said)
		}
		output = said
		return err
	})
	return output
}

// TestSplitBrain keeps the nodes from each other, not from their clients, and lets
// them meet again.
func TestSplitBrain(t *testing.T) {
	adverts, err := time.ParseDuration(cmp.Or(os.Getenv("TWINLB_ADVERTS"), "1s"))
	if err != nil {
		t.Fatal(err)
	}
	p := startPair(t, images.Image{Seed: faultSeed(t), Hook: true})
	p.awaitVerdict(t, masterService, 0, "the pair to be well before")
	for i := range 3 {
		p.part(t)
		lab.Await(t, time.Minute, "both nodes to hold the VIP", func() error {
			if got := p.Holders(t); len(got) != 2 {
				return fmt.Errorf("%v claim it", got)
			}
			return nil
		})
		// The later of the two has told everybody.
		lab.Await(t, 20*time.Second, "the client to take the backup for the VIP", func() error {
			if got := p.neighbour(t); got != p.Backup.MAC {
				return fmt.Errorf("it knows %q", got)
			}
			return nil
		})
		time.Sleep(5*adverts + time.Duration(i)*adverts/3) // they meet at any moment between two adverts
		began := time.Now()
		p.meet(t)
		var alone, known time.Duration
		for looks := 0; looks < 3 || known == 0; { // one answer may be late
			if known == 0 && p.neighbour(t) == p.Master.MAC {
				known = time.Since(began)
			}
			if got := p.Holders(t); !slices.Equal(got, []string{p.Master.MAC}) {
				looks = 0
			} else {
				if looks == 0 {
					alone = time.Since(began)
				}
				looks++
			}
			if time.Since(began) > time.Minute {
				t.Fatalf("the VIP is claimed by %v after a minute, and the client takes it for %s", p.Holders(t), p.neighbour(t))
			}
		}
		t.Logf("with adverts of %v, one node holds the VIP after at most %v, and the client knows it after at most %v", adverts, alone, known)
		// A look takes 100 ms, and a busy host is late.
		if limit := 2*adverts + 500*time.Millisecond; alone > limit || known > limit {
			t.Errorf("one node holds the VIP after %v, and the client knows it after %v; want %v at most", alone, known, limit)
		}
		p.expectHolder(t, p.Master, 2*time.Second)
		if got := p.neighbour(t); got != p.Master.MAC {
			t.Errorf("the client takes %s for the VIP, want %s", got, p.Master.MAC)
		}
		p.awaitVerdict(t, masterService, 0, "the pair to be well again")
	}
	t.Logf("status:\n%s", p.awaitStatus(t, masterService, "split brain"))
	p.awaitStatus(t, backupService, "split brain")
	for _, m := range []*vm.VM{p.Master, p.Backup} {
		m.WaitSerial("the split brain is over", 10*time.Second)
		p.awaitMetric(t, p.Node(m), `twinlb_conflicts_total{kind="split brain"} 3`)
		p.awaitMetric(t, p.Node(m), "twinlb_split_brain 0")
	}
}

// Firewalls that know TCP and UDP only let the nodes hear each other, but not VRRP.
func TestVRRPIsFiltered(t *testing.T) {
	p := startPair(t, images.Image{Seed: faultSeed(t), Hook: true}, func(c *vm.Config) { c.Relayed = true })
	p.awaitVerdict(t, masterService, 0, "the pair to be well before")
	filter := func(i lab.Impairment) {
		p.Master.Cable.FromMachine.Impair(i)
		p.Backup.Cable.FromMachine.Impair(i)
	}
	p.measure(t, "VRRP is filtered", func() {
		filter(lab.Impairment{Loss: 1, Protocol: vrrp.Protocol})
		lab.Await(t, 20*time.Second, "both nodes to hold the VIP", func() error {
			if got := p.Holders(t); len(got) != 2 {
				return fmt.Errorf("%v claim it", got)
			}
			return nil
		})
		p.AwaitHolder(t, p.Master)
		p.expectHolder(t, p.Master, 5*time.Second)
	})
	p.expectHistory(t, backupService, "FAULT", "lb-a holds the VIP, and its adverts do not arrive")
	t.Logf("status:\n%s", p.awaitStatus(t, masterService, "IP protocol 112"))

	p.measure(t, "the master powered off, VRRP still filtered", func() {
		p.Master.Kill()
		p.AwaitHolder(t, p.Backup)
	})
	filter(lab.Impairment{})
	p.Master.Start()
	p.AwaitHolder(t, p.Master)
	p.awaitVerdict(t, masterService, 0, "the pair to be well again")
	p.expectNeverBoth(t, time.Second)
}

// part keeps the nodes from each other; meet undoes that.
func (p *pair) part(t *testing.T) { p.eachPort(t, (*lab.Port).Isolate) }
func (p *pair) meet(t *testing.T) { p.eachPort(t, (*lab.Port).Join) }

func (p *pair) eachPort(t *testing.T, do func(*lab.Port) error) {
	t.Helper()
	for _, m := range []*vm.VM{p.Master, p.Backup} {
		if err := do(m.Port); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStrangers has a machine on the segment that is no node claim what is the pair's.
func TestStrangers(t *testing.T) {
	p := startPair(t, images.Image{Seed: faultSeed(t)})
	p.awaitVerdict(t, masterService, 0, "the pair to be well before")
	stranger := p.Lab.Host("stranger", netip.MustParsePrefix("192.168.100.99/24"))
	before := p.expectSSH(t, masterService, "history", 0)

	t.Run("adverts of a foreign router", func(t *testing.T) {
		advert := vrrp.Advert{VRID: 100, Interval: time.Second, VIPs: []netip.Addr{vipService.Addr()}}
		r := p.measure(t, "foreign adverts", func() {
			for range 20 {
				err := stranger.Do(func() error {
					return vrrp.Resign(netip.MustParseAddr("192.168.100.99"), []netip.Addr{netip.MustParseAddr("224.0.0.18"), masterService.Addr()}, advert)
				})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(100 * time.Millisecond)
			}
		})
		if n := len(r.Broken()); n > 2 {
			t.Errorf("%d connections failed, want none, or one or two on a busy host", n)
		}
		expectOutage(t, r, time.Second)
		t.Logf("status:\n%s", p.awaitStatus(t, masterService, "192.168.100.99 sends adverts with this pair's virtual_router_id"))
		p.Master.WaitSerial("warning: 192.168.100.99 sends adverts", 10*time.Second)
		p.awaitMetric(t, masterService, "twinlb_vrrp_adverts_foreign_total 80")
		p.awaitMetric(t, masterService, `twinlb_conflicts_total{kind="foreign adverts"} 80`)
		p.awaitVerdict(t, masterService, 0, "the pair to be well with a foreign router")
	})

	t.Run("the VIP", func(t *testing.T) {
		var mac string
		err := stranger.Do(func() error {
			link, err := netlink.LinkByName("eth0")
			if err != nil {
				return err
			}
			mac = link.Attrs().HardwareAddr.String()
			watcher, err := conflict.Watch(link, []netip.Addr{vipService.Addr()})
			if err != nil {
				return err
			}
			defer watcher.Close()
			return watcher.Announce(vipService.Addr())
		})
		if err != nil {
			t.Fatal(err)
		}
		lab.Await(t, 5*time.Second, "the client to know who has the VIP", func() error {
			if got := p.neighbour(t); got != p.Master.MAC {
				return fmt.Errorf("it takes %q for the VIP", got)
			}
			return nil
		})
		t.Logf("status:\n%s", p.awaitStatus(t, masterService, mac+", which is none of the nodes, says that it has the VIP 192.168.100.60"))
		p.Master.WaitSerial("warning: "+mac, 10*time.Second)
		p.awaitMetric(t, masterService, `twinlb_conflicts_total{kind="VIP claimed"} 2`)
	})
	if after := p.expectSSH(t, masterService, "history", 0); after != before {
		t.Errorf("the role of the master has changed:\n%s", after)
	}
}

// TestAddressInUse starts a node whose address another machine has.
func TestAddressInUse(t *testing.T) {
	text := exampleSeed(t)
	s := newSite(t, text)
	stranger := s.Lab.Host("stranger", netip.PrefixFrom(masterService.Addr(), 24))
	out, err := stranger.Command("cat", "/sys/class/net/eth0/address").Output()
	if err != nil {
		t.Fatal(err)
	}
	mac := strings.TrimSpace(string(out))
	m := vm.Start(t, s.Lab, vm.Config{Name: "lb-a", MAC: masterMAC, Disk: baker.Disk(t, images.Image{Seed: text, Node: "lb-a"})})
	m.WaitSerial("192.168.100.53 is used by "+mac+" already", site.ComeUp)
	m.WaitSerial("DID NOT COME UP", time.Minute)
	if got, err := s.Client.WhoHas(masterService.Addr(), time.Second); err != nil || len(got) != 1 || got[0].String() != mac {
		t.Errorf("%v claim the address (%v), want %s alone", got, err, mac)
	}
	if got := s.Holders(t); len(got) > 0 {
		t.Errorf("%v claim the VIP, want nobody", got)
	}
	if out, err := stranger.Command("ip", "address", "flush", "dev", "eth0").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	m.WaitSerial("rebooting, asked by the end of an address conflict", time.Minute)
	m.WaitOff(time.Minute) // machines of a lab do not start again
}
