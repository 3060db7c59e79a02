// Package site makes a pair and what surrounds it, as its seed says: a segment, a
// client, a MariaDB server for every backend, two machines. And it tells what a
// client gets there, and goes wrong there.
//
// It knows the addresses of a seed. It does not know what is in the disks of the
// machines: Inside does.
package site

import (
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"time"

	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/mariadb"
	"twinlb/qemu-tests/vm"
	"twinlb/seed"
)

// ComeUp is how long a machine may take from power on to answering, on a busy host.
const ComeUp = 90 * time.Second

// Site is what surrounds a pair.
type Site struct {
	Lab     *lab.Lab
	Seed    *seed.Pair
	Client  *lab.Host         // is the gateway too, if the seed has one
	Servers []*mariadb.Server // one for each backend, with server_ids from 1 in the order of the seed
}

// New makes one whose servers have the check accounts of the seed, and the
// client's.
func New(t lab.T, pair *seed.Pair) *Site {
	t.Helper()
	l := lab.New(t)
	s := &Site{Lab: l, Seed: pair, Client: l.Host("client", clientAddresses(pair)...)}
	for _, forwarding := range []string{"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"} {
		if err := s.Client.Sysctl(forwarding, "1"); err != nil {
			t.Fatal(err)
		}
	}
	hosts := make(map[netip.Addr]*lab.Host)
	for _, b := range backends(pair) {
		host := hosts[b.Address]
		if host == nil {
			host = s.host(t, b)
			hosts[b.Address] = host
		}
		s.Servers = append(s.Servers, mariadb.Start(t, l, host, b.Name, netip.AddrPortFrom(b.Address, b.Port), len(s.Servers)+1))
	}
	for _, server := range s.Servers {
		server.Exec(pair.Grants() + "create user " + client.User + "@'%';")
	}
	return s
}

// host makes a host for a backend. One outside the nodes' subnets is reached
// through the client.
func (s *Site) host(t lab.T, b seed.Backend) *lab.Host {
	var subnet netip.Prefix // of the nodes, in the backend's family
	for _, a := range s.Seed.Nodes[0].Addresses() {
		if a.Contains(b.Address) {
			return s.Lab.Host(b.Name, netip.PrefixFrom(b.Address, a.Bits()))
		}
		if a.Addr().Is4() == b.Address.Is4() {
			subnet = a.Masked()
		}
	}
	host := s.Lab.Host(b.Name, netip.PrefixFrom(b.Address, b.Address.BitLen()))
	for from, to := range map[*lab.Host]string{host: subnet.String(), s.Client: b.Address.String()} {
		run(t, from.Command("ip", "route", "add", to, "dev", "eth0"))
	}
	return host
}

// backends returns each server of the seed once.
func backends(pair *seed.Pair) []seed.Backend {
	var all []seed.Backend
	for _, pool := range pair.Pools {
		for _, b := range pool.Backends {
			same := func(o seed.Backend) bool { return o.Address == b.Address && o.Port == b.Port }
			if !slices.ContainsFunc(all, same) {
				all = append(all, b)
			}
		}
	}
	return all
}

// clientAddresses are, in each subnet of the nodes, the gateway's or the first that
// the seed gives to nobody.
func clientAddresses(pair *seed.Pair) []netip.Prefix {
	taken := slices.Clone(pair.VIPs)
	for _, n := range pair.Nodes {
		for _, a := range n.Addresses() {
			taken = append(taken, a.Addr())
		}
	}
	for _, b := range backends(pair) {
		taken = append(taken, b.Address)
	}
	var all []netip.Prefix
	for _, subnet := range pair.Nodes[0].Addresses() {
		free := subnet.Masked().Addr().Next()
		for slices.Contains(taken, free) {
			free = free.Next()
		}
		for _, g := range pair.Gateways {
			if subnet.Contains(g) {
				free = g
			}
		}
		all = append(all, netip.PrefixFrom(free, subnet.Bits()))
	}
	return all
}

// VIP is the first service of the first pool.
func (s *Site) VIP() netip.AddrPort { return netip.AddrPortFrom(s.Seed.VIPs[0], s.Seed.Pools[0].Port) }

// Address is the first pool at the node's own address.
func (s *Site) Address(n seed.Node) netip.AddrPort {
	return netip.AddrPortFrom(n.Address.Addr(), s.Seed.Pools[0].Port)
}

// Node is Address for the node that the machine is.
func (s *Site) Node(m *vm.VM) netip.AddrPort {
	for _, n := range s.Seed.Nodes {
		if n.Name == m.Name {
			return s.Address(n)
		}
	}
	panic("machine " + m.Name + " is no node of the seed")
}

// Machine is what is known of a node's machine from the seed.
func Machine(n seed.Node) vm.Config {
	mac := n.MAC.String()
	if mac == "" {
		a := n.Address.Addr().AsSlice()
		mac = fmt.Sprintf("52:54:% x", a[len(a)-4:])
		mac = strings.ReplaceAll(mac, " ", ":")
	}
	return vm.Config{Name: n.Name, MAC: mac}
}

// AwaitAnswer waits until a query through the service is answered.
func (s *Site) AwaitAnswer(t lab.T, service netip.AddrPort) {
	t.Helper()
	lab.Await(t, ComeUp, fmt.Sprintf("a query through %v to be answered", service), func() error {
		_, err := client.ServerID(s.Client, service)
		return err
	})
}

// FirstAnswer begins to connect now. The function that it returns waits for the
// first answer and tells when it came.
func (s *Site) FirstAnswer(t lab.T, service netip.AddrPort) func() time.Time {
	t.Helper()
	// An address that nobody has yet is asked for each 40 ms, not each second, so
	// that the time is the node's.
	for _, family := range []string{"ipv4", "ipv6"} {
		if err := s.Client.Sysctl("net/"+family+"/neigh/eth0/retrans_time_ms", "40"); err != nil {
			t.Fatal(err)
		}
	}
	meter, err := client.StartMeter(s.Client, service)
	if err != nil {
		t.Fatal(err)
	}
	return func() time.Time {
		t.Helper()
		meter.AwaitSteady(t, ComeUp, fmt.Sprintf("through %v", service))
		first, _ := meter.Stop().FirstAnswer()
		return first
	}
}

// Holders returns the MAC addresses that claim the VIP.
func (s *Site) Holders(t lab.T) []string {
	t.Helper()
	answers, err := s.Client.WhoHas(s.VIP().Addr(), 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	macs := make([]string, len(answers))
	for i, mac := range answers {
		macs[i] = mac.String()
	}
	return macs
}

// AwaitHolder waits until the machine, and no other, has claimed the VIP three
// times in a row, and it serves there.
func (s *Site) AwaitHolder(t lab.T, m *vm.VM) {
	t.Helper()
	lab.Await(t, ComeUp, "the VIP to be on "+m.Name+" alone", func() error {
		for range 3 {
			if got, want := s.Holders(t), []string{m.MAC}; !slices.Equal(got, want) {
				return fmt.Errorf("%v claim the VIP, want %v", got, want)
			}
		}
		return nil
	})
	s.AwaitAnswer(t, s.VIP())
}

// Measure returns what becomes of connections to the VIP from before the event
// until they are steady again after it.
func (s *Site) Measure(t lab.T, name string, event func()) *client.Result {
	t.Helper()
	meter, err := client.StartMeter(s.Client, s.VIP())
	if err != nil {
		t.Fatal(err)
	}
	meter.AwaitSteady(t, ComeUp, "before: "+name)
	event()
	meter.AwaitSteady(t, ComeUp, "after: "+name)
	return meter.Stop()
}

// Route changes the routes of all MySQL servers (ip-route(8)).
func (s *Site) Route(t lab.T, change ...string) {
	t.Helper()
	done := make(map[string]bool)
	for _, server := range s.Servers {
		if !done[server.Host.Name] {
			run(t, server.Host.Command("ip", append([]string{"route"}, change...)...))
			done[server.Host.Name] = true
		}
	}
}

func run(t lab.T, command *exec.Cmd) {
	t.Helper()
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", command, err, strings.TrimSpace(string(out)))
	}
}
