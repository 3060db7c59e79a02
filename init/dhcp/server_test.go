package dhcp

import (
	"bufio"
	"bytes"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"twinlb/init/network"
	"twinlb/qemu-tests/sandbox"
	"twinlb/seed/netconfig"
	"twinlb/services/dhcp"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// asProcess makes the test program the process that PID 1 starts.
const asProcess = "TWINLB_DHCP_PROCESS"

func TestMain(m *testing.M) {
	if os.Getenv(asProcess) != "" {
		os.Exit(Main(os.Args[1:]))
	}
	sandbox.Main(m)
}

const mac = "02:00:00:00:00:53"

// site is a link eth0, and a namespace at its other end where servers can run. Its
// test must stay on its thread.
type site struct {
	t     *testing.T
	there netns.NsHandle
	wall  *netlink.Handle
	far   netlink.Link
}

func newSite(t *testing.T) *site {
	t.Helper()
	if _, err := exec.LookPath("dnsmasq"); err != nil {
		t.Skip("needs dnsmasq, of Debian's dnsmasq-base")
	}
	runtime.LockOSThread()
	s := &site{t: t}
	there, err := netns.New()
	s.must(err)
	here, err := netns.New()
	s.must(err)
	t.Cleanup(func() { here.Close(); there.Close() })
	s.there = there
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "eth0"
	attrs.HardwareAddr = []byte{2, 0, 0, 0, 0, 0x53}
	veth := netlink.NewVeth(attrs)
	veth.PeerName, veth.PeerNamespace = "port", netlink.NsFd(there)
	s.must(netlink.LinkAdd(veth))
	s.wall, err = netlink.NewHandleAt(there)
	s.must(err)
	t.Cleanup(s.wall.Close)
	s.far, err = s.wall.LinkByName("port")
	s.must(err)
	for _, address := range []string{"192.0.2.1/24", "2001:db8::1/64"} {
		prefix := netip.MustParsePrefix(address)
		addr, err := netlink.ParseAddr(address)
		s.must(err)
		if prefix.Addr().Is6() {
			addr.Flags = unix.IFA_F_NODAD
		}
		s.must(s.wall.AddrAdd(s.far, addr))
	}
	s.must(s.wall.LinkSetUp(s.far))
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// start runs a command at one end of the cable, until the test is over.
func (s *site) start(command *exec.Cmd, far bool) {
	s.t.Helper()
	here, err := netns.Get()
	s.must(err)
	defer here.Close()
	if far {
		s.must(netns.Set(s.there))
		defer func() { s.must(netns.Set(here)) }()
	}
	s.must(command.Start())
	s.t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
}

// serve runs a server, and returns what ends it.
func (s *site) serve(options ...string) (stop func()) {
	s.t.Helper()
	args := append([]string{"--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=port", "--bind-interfaces",
		"--log-facility=-", "--user=root", "--group=root", "--pid-file", "--dhcp-authoritative",
		"--dhcp-leasefile=" + filepath.Join(s.t.TempDir(), "leases")}, options...)
	command := exec.Command("dnsmasq", args...)
	var log bytes.Buffer
	command.Stdout, command.Stderr = &log, &log
	s.start(command, true)
	s.t.Cleanup(func() {
		if s.t.Failed() {
			s.t.Logf("dnsmasq: %s", log.String())
		}
	})
	return func() {
		command.Process.Kill()
		command.Wait()
	}
}

// apply sets the node's end up.
func (s *site) apply() netlink.Link {
	s.t.Helper()
	n := netconfig.Network{Traffic: "eth0", Links: []netconfig.Link{{
		ID: "eth0", Kind: netconfig.Ethernet, Match: netconfig.Match{Name: "eth0"}, DHCPv4: true, DHCPv6: true, AcceptRA: true,
	}}}
	links, err := network.Apply(n, 0, func(err error) { s.t.Errorf("Apply warns: %v", err) })
	s.must(err)
	return links["eth0"]
}

// await asks until there is no error, or for too long.
func await(t *testing.T, what string, ask func() error) {
	t.Helper()
	const patience = 20 * time.Second
	deadline := time.Now().Add(patience)
	for {
		err := ask()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %s for %s: %v", patience, what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

var reserved = []string{"--dhcp-host=" + mac + ",192.0.2.53", "--dhcp-range=192.0.2.70,192.0.2.90,2m",
	"--dhcp-host=id:00:03:00:01:" + mac + ",[2001:db8::53]", "--dhcp-range=2001:db8::70,2001:db8::90,64,2m", "--enable-ra",
	"--dhcp-option=option:router,192.0.2.1", "--dhcp-option=option:classless-static-route,198.51.100.0/24,192.0.2.9,0.0.0.0/0,192.0.2.1",
	"--dhcp-option=option:mtu,1400", "--dhcp-option=option:dns-server,192.0.2.3", "--dhcp-option=option6:dns-server,[2001:db8::3]"}

// TestProcessGetsLeases runs all of it as on a node: the process, as a user that can
// do no more, and what PID 1 makes of what it says.
func TestProcessGetsLeases(t *testing.T) {
	s := newSite(t)
	s.serve(reserved...)
	link := s.apply()
	service := dhcp.Service([]dhcp.Link{{Name: "eth0", IPv4: true, IPv6: true}})
	output, input, err := os.Pipe()
	s.must(err)
	defer output.Close()
	process := exec.Command("/proc/self/exe", service.Argv[2:]...)
	process.Env = append(os.Environ(), asProcess+"=1")
	process.Stdout, process.Stderr = input, input
	process.SysProcAttr = &syscall.SysProcAttr{AmbientCaps: service.Capabilities}
	if users, err := os.ReadFile("/proc/self/uid_map"); err == nil && strings.Contains(string(users), "4294967295") {
		process.SysProcAttr.Credential = &syscall.Credential{Uid: service.UID, Gid: service.GID}
	}
	s.start(process, false)
	input.Close()
	s.must(output.SetReadDeadline(time.Now().Add(20 * time.Second)))

	got := make(map[int]*Lease)
	for lines := bufio.NewScanner(output); len(got) < 2 && lines.Scan(); {
		if !IsReport(lines.Text()) {
			t.Logf("the process says: %s", lines.Text()) // a router may take its time
			continue
		}
		report, err := ParseReport(lines.Text())
		s.must(err)
		if report.Link != "eth0" || report.Lease == nil {
			t.Fatalf("the process reports %s", lines.Text())
		}
		got[report.Version] = report.Lease
		lease := &network.Lease{Address: report.Lease.Address, Lifetime: report.Lease.Lifetime(), MTU: report.Lease.MTU}
		for _, r := range report.Lease.Routes {
			lease.Routes = append(lease.Routes, netconfig.Route{To: r.To, Via: r.Via, Metric: 1024})
		}
		s.must(network.Exchange(link, nil, lease))
	}
	if len(got) < 2 {
		t.Fatalf("leases: %v, want one of each version of IP", got)
	}
	want := Lease{
		Address: netip.MustParsePrefix("192.0.2.53/24"), Seconds: 120, Server: netip.MustParseAddr("192.0.2.1"), MTU: 1400,
		Routes: []Route{{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr("192.0.2.1")},
			{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParseAddr("192.0.2.9")}},
		Nameservers: []netip.Addr{netip.MustParseAddr("192.0.2.3")},
	}
	expectLease(t, want, *got[4])
	want6 := Lease{Address: netip.MustParsePrefix("2001:db8::53/128"), Seconds: 120, Nameservers: []netip.Addr{netip.MustParseAddr("2001:db8::3")}}
	expectLease(t, want6, *got[6])

	addresses := []netip.Addr{netip.MustParseAddr("192.0.2.53"), netip.MustParseAddr("2001:db8::53")}
	if missing := network.Missing(link, addresses); len(missing) > 0 {
		t.Errorf("the link does not have %v", missing)
	}
	await(t, "the default route of the router advertisement", func() error {
		routes, err := netlink.RouteList(link, netlink.FAMILY_V6)
		if err == nil && !slices.ContainsFunc(routes, func(r netlink.Route) bool { return r.Protocol == unix.RTPROT_RA && r.Gw != nil }) {
			err = errors.New("there is none")
		}
		return err
	})
}

func expectLease(t *testing.T, want, got Lease) {
	t.Helper()
	if diff := diffLease(want, got); diff != "" {
		t.Errorf("lease (-want +got):\n%s", diff)
	}
}

// TestServerExtends asks a real server for more, with both kinds of question, and
// one that gives other addresses.
func TestServerExtends(t *testing.T) {
	for _, tt := range []struct {
		name    string
		asker   func() asker
		address string
		other   []string
	}{
		{"DHCPv4", func() asker { return &asker4{link: "eth0"} }, "192.0.2.53/24", []string{"--dhcp-range=192.0.2.200,192.0.2.210,2m"}},
		// It extends any lease of DHCPv6.
		{"DHCPv6", func() asker { return &asker6{link: "eth0"} }, "2001:db8::53/128", nil},
	} {
		s := newSite(t)
		stop := s.serve(reserved...)
		link := s.apply()
		asker := tt.asker()
		var got offer
		await(t, "a lease of "+tt.name, func() (err error) {
			got, err = asker.acquire(t.Context())
			return err
		})
		s.must(network.Exchange(link, nil, &network.Lease{Address: got.Address})) // where the answers go
		for _, any := range []bool{false, true} {
			more, err := asker.extend(t.Context(), any)
			if err != nil {
				t.Errorf("%s, any server: %t: %v", tt.name, any, err)
			} else if more.Address != got.Address || more.Address.String() != tt.address || more.Seconds != 120 {
				t.Errorf("%s, any server: %t: %+v, want %s for 120 s", tt.name, any, more, tt.address)
			}
		}
		if stop(); tt.other == nil {
			continue
		}
		s.serve(tt.other...)
		await(t, "the other server", func() error {
			got, err := asker.extend(t.Context(), true)
			if err == nil {
				t.Fatalf("%s: another server extends it: %+v", tt.name, got)
			}
			if !errors.Is(err, errRefused) {
				return err
			}
			return nil
		})
	}
}
