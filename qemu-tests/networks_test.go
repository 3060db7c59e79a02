//go:build vm

package qemutests

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
)

// sixSeed is the calm seed with IPv6 addresses in the place of all others.
func sixSeed(t *testing.T) string {
	return strings.NewReplacer("192.168.100.", "2001:db8::", "/24", "/64").Replace(calmSeed(t))
}

func TestIPv6Pair(t *testing.T) {
	p := startPair(t, images.Image{Seed: withLogin(t, sixSeed(t)), Hook: true})
	p.awaitVerdict(t, p.Node(p.Master), 0, "the pair to be well")
	r := p.measure(t, "haproxy's worker killed", func() {
		p.Inside.Signal(t, p.Master, "KILL", "haproxy-worker")
		p.AwaitHolder(t, p.Backup)
	})
	expectOutage(t, r, 2*time.Second)
	p.AwaitHolder(t, p.Master)
	p.awaitVerdict(t, p.Node(p.Master), 0, "the pair to be well again")
	r = p.measure(t, "master powered off", func() {
		p.Master.Kill()
		p.AwaitHolder(t, p.Backup)
	})
	expectOutage(t, r, 10*time.Second)
}

// TestDualStackPair has a VIP and a backend of each family. Both VIPs are always on
// the same node.
func TestDualStackPair(t *testing.T) {
	text := exampleSeed(t, "advert_interval: 200ms", "advert_interval: 1s", "preempt: 30s", "preempt: 5s",
		"[192.168.100.60]", "[192.168.100.60, 2001:db8::60]",
		"192.168.100.53/24}", "[192.168.100.53/24, 2001:db8::53/64]}",
		"192.168.100.54/24}", "[192.168.100.54/24, 2001:db8::54/64]}",
		"address: 192.168.100.51", "address: 2001:db8::51")
	p := startPair(t, images.Image{Seed: withLogin(t, text), Hook: true})
	second := netip.MustParseAddrPort("[2001:db8::60]:3306")
	expectBoth := func(m *vm.VM) {
		t.Helper()
		p.AwaitHolder(t, m)
		lab.Await(t, 10*time.Second, "the VIPs to be on "+m.Name, func() error {
			got, err := p.Client.WhoHas(second.Addr(), 200*time.Millisecond)
			if err == nil && (len(got) != 1 || got[0].String() != m.MAC) {
				err = fmt.Errorf("%v claim %v, want %s", got, second.Addr(), m.MAC)
			}
			return err
		})
		for _, vip := range []netip.AddrPort{vipService, second} {
			seen := map[int]bool{}
			for range 8 {
				id, err := client.ServerID(p.Client, vip)
				if err != nil {
					t.Fatalf("query through %v: %v", vip, err)
				}
				seen[id] = true
			}
			if len(seen) != 2 {
				t.Errorf("through %v only servers %v answer, want both", vip, seen)
			}
		}
	}
	expectBoth(p.Master)
	p.Inside.Service(t, p.Master, "stop", "haproxy")
	expectBoth(p.Backup)
	p.Inside.Service(t, p.Master, "start", "haproxy")
	expectBoth(p.Master)
}

// fromDrives boots the master of the seed from an image without a seed and a drive
// with the network-config.
func (s *surroundings) fromDrive(t *testing.T, text, networkConfig string, c vm.Config) *vm.VM {
	t.Helper()
	c.Name, c.MAC, c.Disk = "lb-a", masterMAC, baker.Disk(t, images.Image{})
	c.Drives = []vm.Drive{{Device: "ide-cd", File: localds(t, files{
		"user-data": text, "meta-data": metaDataA, "network-config": networkConfig}, "iso")}}
	return vm.Start(t, s.Lab, c)
}

const secondMAC = "52:54:00:00:01:53"

func TestVLAN(t *testing.T) {
	text := exampleSeed(t)
	s := newSite(t, text)
	s.fromDrive(t, text, fmt.Sprintf(`version: 2
ethernets:
  uplink: {match: {macaddress: %q}, set-name: uplink}
vlans:
  db: {id: %d, link: uplink, addresses: [192.168.100.53/24], mtu: 1496}
`, masterMAC, lab.VLAN), vm.Config{Tagged: true})
	s.AwaitAnswer(t, vipService)
	s.AwaitAnswer(t, masterService)
}

func TestBond(t *testing.T) {
	text := exampleSeed(t)
	s := newSite(t, text)
	m := s.fromDrive(t, text, fmt.Sprintf(`network:
  version: 2
  ethernets:
    one: {match: {macaddress: %q}}
    two: {match: {macaddress: %q}}
  bonds:
    bond0:
      interfaces: [one, two]
      parameters: {mode: active-backup, primary: one, mii-monitor-interval: 100}
      addresses: [192.168.100.53/24]
`, masterMAC, secondMAC), vm.Config{Cards: []vm.Card{{MAC: secondMAC}}})
	s.AwaitAnswer(t, vipService)
	for _, leg := range []struct {
		name       string
		pull, plug func() error
	}{
		{"the first leg pulled", m.Unplug, m.Replug},
		{"the second leg pulled", func() error { return m.UnplugCard(0) }, func() error { return m.ReplugCard(0) }},
	} {
		r := s.Measure(t, leg.name, func() {
			if err := leg.pull(); err != nil {
				t.Fatal(err)
			}
		})
		t.Logf("%s: %v", leg.name, r)
		expectOutage(t, r, 2*time.Second)
		if err := leg.plug(); err != nil {
			t.Fatal(err)
		}
		s.AwaitAnswer(t, vipService)
	}
	if strings.Contains(m.Serial.Text(), "FAULT STATE") {
		t.Error("a bond with one leg left is no reason to let the VIP go")
	}
}

// TestManagementInterface wants SSH and metrics there, and nowhere else.
func TestManagementInterface(t *testing.T) {
	text := withLogin(t, exampleSeed(t,
		"role: master, address: 192.168.100.53/24}",
		fmt.Sprintf("role: master, address: 192.168.100.53/24, match: {macaddress: %q}, management: {address: 10.0.0.53/24, match: {macaddress: %q}}}", masterMAC, secondMAC)))
	s := newSite(t, text)
	second := s.Lab.NewSegment("management")
	desk := second.Host("desk", netip.MustParsePrefix("10.0.0.1/24"))
	vm.Start(t, s.Lab, vm.Config{Name: "lb-a", MAC: masterMAC, Cards: []vm.Card{{MAC: secondMAC, On: second}},
		Disk: baker.Disk(t, images.Image{Seed: text, Node: "lb-a"})})
	s.AwaitAnswer(t, vipService)
	managed := s.login
	managed.From = desk
	managed.expectSSH(t, netip.MustParseAddrPort("10.0.0.53:22"), "status", 1) // the other node is off
	for _, tt := range []struct {
		from    *lab.Host
		address string
		open    bool
	}{
		{desk, "10.0.0.53:8404", true},
		{desk, "10.0.0.53:3306", false},
		{s.Client, "192.168.100.53:22", false},
		{s.Client, "192.168.100.53:8404", false},
		{s.Client, "192.168.100.60:22", false},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		conn, err := tt.from.Dial(ctx, "tcp", tt.address)
		cancel()
		if err == nil {
			conn.Close()
		}
		if open := err == nil; open != tt.open {
			t.Errorf("from %s to %s: open is %v (%v), want %v", tt.from.Name, tt.address, open, err, tt.open)
		}
	}
}

// serveDHCP runs dnsmasq on a host of the segment until the test is over.
func serveDHCP(t *testing.T, s *lab.Segment, dir string, address string, options ...string) *lab.Host {
	t.Helper()
	host := s.Host("dhcp", netip.MustParsePrefix(address))
	args := append([]string{"--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=eth0", "--log-dhcp", "--log-facility=-", "--user=root", "--group=root",
		"--pid-file", "--dhcp-leasefile=" + filepath.Join(dir, "leases"), "--dhcp-authoritative"}, options...)
	server := host.Command("dnsmasq", args...)
	if err := server.Start(); err != nil {
		t.Fatalf("start dnsmasq: %v", err)
	}
	t.Cleanup(func() {
		server.Process.Kill()
		server.Wait()
	})
	return host
}

const dhcpEverywhere = `version: 2
ethernets:
  eth0: {dhcp4: true}
`

func TestDHCP(t *testing.T) {
	text := exampleSeed(t)
	for _, tt := range []struct {
		name, reserved, said string
		serves               bool
	}{
		{"the seed's address", "192.168.100.53", `192\.168\.100\.53/24.*DHCP`, true},
		{"another address", "192.168.100.77", `192\.168\.100\.77.*192\.168\.100\.53|192\.168\.100\.53.*192\.168\.100\.77`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, text)
			serveDHCP(t, s.Lab.Segment, s.Lab.Dir, "192.168.100.2/24", "--dhcp-range=192.168.100.70,192.168.100.90,2m", "--dhcp-host="+masterMAC+","+tt.reserved)
			m := s.fromDrive(t, text, dhcpEverywhere, vm.Config{})
			m.WaitSerial(tt.said, site.ComeUp)
			if tt.serves {
				s.AwaitAnswer(t, vipService)
			} else if got := s.Holders(t); len(got) > 0 {
				t.Errorf("%v claims the VIP, want nobody", got)
			}
		})
	}
}

// TestDHCPv6 has the node's address from the server and the prefix of its subnet from
// the router's advertisements.
func TestDHCPv6(t *testing.T) {
	text := sixSeed(t)
	s := newSite(t, text)
	serveDHCP(t, s.Lab.Segment, s.Lab.Dir, "2001:db8::2/64", "--enable-ra", "--dhcp-range=2001:db8::53,2001:db8::53,64,2m")
	s.fromDrive(t, text, "version: 2\nethernets:\n  eth0: {dhcp6: true, accept-ra: true}\n", vm.Config{})
	s.AwaitAnswer(t, s.VIP())
}

// TestManagementByDHCP logs in at whatever address the server gives.
func TestManagementByDHCP(t *testing.T) {
	text := withLogin(t, exampleSeed(t,
		"role: master, address: 192.168.100.53/24}",
		"role: master, address: 192.168.100.53/24, management: {interface: eth1}}"))
	cards := fmt.Sprintf(`version: 2
ethernets:
  eth0: {match: {macaddress: %q}, set-name: eth0, addresses: [192.168.100.53/24]}
  eth1: {match: {macaddress: %q}, set-name: eth1, dhcp4: true}
`, masterMAC, secondMAC)
	s := newSiteOn(t, text, cards)
	second := s.Lab.NewSegment("management")
	desk := serveDHCP(t, second, t.TempDir(), "10.0.0.1/24", "--dhcp-range=10.0.0.70,10.0.0.70,2m")
	s.fromDrive(t, text, cards, vm.Config{Cards: []vm.Card{{MAC: secondMAC, On: second}}})
	s.AwaitAnswer(t, vipService)
	lab.Await(t, 30*time.Second, "SSH at the address that DHCP gives", func() error {
		out, err := desk.Command("ssh-keyscan", "-t", "ed25519", "-T", "2", "10.0.0.70").Output()
		if err == nil && !strings.Contains(string(out), "ssh-ed25519") {
			err = fmt.Errorf("ssh-keyscan shows %q", out)
		}
		return err
	})
}
