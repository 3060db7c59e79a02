package dhcp

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"
)

// ack is a DHCPACK with these options besides those that each has.
func ack(t testing.TB, options ...dhcpv4.Option) *dhcpv4.DHCPv4 {
	t.Helper()
	answer, err := dhcpv4.New(
		dhcpv4.WithMessageType(dhcpv4.MessageTypeAck),
		dhcpv4.WithYourIP(net.IPv4(192, 0, 2, 53)),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(net.IPv4(192, 0, 2, 1))),
		dhcpv4.WithNetmask(net.CIDRMask(24, 32)),
		dhcpv4.WithLeaseTime(3600),
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range options {
		answer.UpdateOption(o)
	}
	return answer
}

func classless(routes ...string) dhcpv4.Option {
	var all []*dhcpv4.Route
	for _, r := range routes {
		to, via, _ := strings.Cut(r, " ")
		_, network, err := net.ParseCIDR(to)
		if err != nil {
			panic(err)
		}
		all = append(all, &dhcpv4.Route{Dest: network, Router: net.ParseIP(via)})
	}
	return dhcpv4.OptClasslessStaticRoute(all...)
}

func number(option dhcpv4.OptionCode, bytes ...byte) dhcpv4.Option {
	return dhcpv4.OptGeneric(option, bytes)
}

func TestOffer4(t *testing.T) {
	base := func(change func(*offer)) offer {
		o := offer{
			Lease: Lease{Address: netip.MustParsePrefix("192.0.2.53/24"), Seconds: 3600, Server: netip.MustParseAddr("192.0.2.1")},
			renew: 30 * time.Minute, rebind: 3150 * time.Second,
		}
		change(&o)
		return o
	}
	way := func(to, via string) Route {
		r := Route{To: netip.MustParsePrefix(to)}
		if via != "" {
			r.Via = netip.MustParseAddr(via)
		}
		return r
	}
	many := make([]string, 30)
	for i := range many {
		many[i] = "10.0.0.0/8 192.0.2.1"
	}
	many[29] = "0.0.0.0/0 192.0.2.1"
	for _, tt := range []struct {
		name    string
		options []dhcpv4.Option
		want    offer
	}{
		{"the least", nil, base(func(*offer) {})},
		{"for ever", []dhcpv4.Option{number(dhcpv4.OptionIPAddressLeaseTime, 255, 255, 255, 255)},
			base(func(o *offer) { o.Seconds, o.renew, o.rebind = 0, 0, 0 })},
		{"times of the server", []dhcpv4.Option{
			number(dhcpv4.OptionRenewTimeValue, 0, 0, 0, 100), number(dhcpv4.OptionRebindingTimeValue, 0, 0, 0, 200)},
			base(func(o *offer) { o.renew, o.rebind = 100*time.Second, 200*time.Second })},
		{"times that make no sense", []dhcpv4.Option{
			number(dhcpv4.OptionRenewTimeValue, 255, 0, 0, 100), number(dhcpv4.OptionRebindingTimeValue, 255, 0, 0, 200)}, base(func(*offer) {})},
		{"no time to renew", []dhcpv4.Option{
			number(dhcpv4.OptionRenewTimeValue, 0, 0, 0, 1), number(dhcpv4.OptionRebindingTimeValue, 0, 0, 0, 2)},
			base(func(o *offer) { o.renew, o.rebind = leastRest, leastRest })},
		{"a router", []dhcpv4.Option{dhcpv4.OptRouter(net.IPv4(192, 0, 2, 1), net.IPv4(192, 0, 2, 2))},
			base(func(o *offer) { o.Routes = []Route{way("0.0.0.0/0", "192.0.2.1")} })},
		{"the second router can be one", []dhcpv4.Option{dhcpv4.OptRouter(net.IPv4zero, net.IPv4(192, 0, 2, 2))},
			base(func(o *offer) { o.Routes = []Route{way("0.0.0.0/0", "192.0.2.2")} })},
		{"classless routes", []dhcpv4.Option{dhcpv4.OptRouter(net.IPv4(192, 0, 2, 9)),
			classless("10.0.0.0/8 192.0.2.2", "198.51.100.0/25 0.0.0.0", "0.0.0.0/0 192.0.2.1", "172.16.0.0/12 127.0.0.1")},
			base(func(o *offer) {
				o.Routes = []Route{way("0.0.0.0/0", "192.0.2.1"), way("10.0.0.0/8", "192.0.2.2"), way("198.51.100.0/25", "")}
			})},
		{"more routes than there is room", []dhcpv4.Option{classless(many...)},
			base(func(o *offer) {
				o.Routes = []Route{way("0.0.0.0/0", "192.0.2.1")}
				for range maxRoutes - 1 {
					o.Routes = append(o.Routes, way("10.0.0.0/8", "192.0.2.1"))
				}
			})},
		{"nameservers", []dhcpv4.Option{dhcpv4.OptDNS(net.IPv4(127, 0, 0, 1), net.IPv4(192, 0, 2, 3), net.IPv4(192, 0, 2, 4), net.IPv4(192, 0, 2, 5), net.IPv4(192, 0, 2, 6))},
			base(func(o *offer) {
				o.Nameservers = []netip.Addr{netip.MustParseAddr("192.0.2.3"), netip.MustParseAddr("192.0.2.4"), netip.MustParseAddr("192.0.2.5")}
			})},
		{"an MTU", []dhcpv4.Option{number(dhcpv4.OptionInterfaceMTU, 9000>>8, 9000&255)}, base(func(o *offer) { o.MTU = 9000 })},
		{"an MTU that makes no sense", []dhcpv4.Option{number(dhcpv4.OptionInterfaceMTU, 0, 68)}, base(func(*offer) {})},
	} {
		got, err := offer4(ack(t, tt.options...))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(offer{}), sameAddress, samePrefix); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestOffer4ThatIsNone(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		answer     *dhcpv4.DHCPv4
	}{
		{"no address", "cannot be|no host", func() *dhcpv4.DHCPv4 { a := ack(t); a.YourIPAddr = net.IPv4zero; return a }()},
		{"everybody's address", "no host|reserved", func() *dhcpv4.DHCPv4 { a := ack(t); a.YourIPAddr = net.IPv4bcast; return a }()},
		{"no mask", "without a subnet mask", func() *dhcpv4.DHCPv4 { a := ack(t); delete(a.Options, 1); return a }()},
		{"a mask with a hole", "subnet mask 255.0.255.0", ack(t, number(dhcpv4.OptionSubnetMask, 255, 0, 255, 0))},
		{"a mask of nothing", "subnet mask 0.0.0.0", ack(t, number(dhcpv4.OptionSubnetMask, 0, 0, 0, 0))},
		{"no time", "for no time", ack(t, number(dhcpv4.OptionIPAddressLeaseTime, 0, 0, 0, 0))},
	} {
		got, err := offer4(tt.answer)
		if err == nil {
			t.Errorf("%s: %+v, want an error", tt.name, got)
			continue
		}
		found := false
		for want := range strings.SplitSeq(tt.want, "|") {
			found = found || strings.Contains(err.Error(), want)
		}
		if !found {
			t.Errorf("%s: error %q, want %q in it", tt.name, err, tt.want)
		}
	}
}

func reply(t testing.TB, change func(*dhcpv6.OptIANA, *dhcpv6.OptIAAddress)) *dhcpv6.Message {
	t.Helper()
	m, err := dhcpv6.NewMessage()
	if err != nil {
		t.Fatal(err)
	}
	m.MessageType = dhcpv6.MessageTypeReply
	m.AddOption(dhcpv6.OptServerID(duid(net.HardwareAddr{2, 0, 0, 0, 0, 1})))
	identity := &dhcpv6.OptIANA{T1: 100 * time.Second, T2: 200 * time.Second}
	address := &dhcpv6.OptIAAddress{IPv6Addr: net.ParseIP("2001:db8::53"), PreferredLifetime: 300 * time.Second, ValidLifetime: 400 * time.Second}
	if change != nil {
		change(identity, address)
	}
	identity.Options.Add(address)
	m.AddOption(identity)
	m.AddOption(dhcpv6.OptDNS(net.ParseIP("fe80::1"), net.ParseIP("2001:db8::1")))
	return m
}

func TestOffer6(t *testing.T) {
	want := offer{
		Lease: Lease{Address: netip.MustParsePrefix("2001:db8::53/128"), Seconds: 400, Nameservers: []netip.Addr{netip.MustParseAddr("2001:db8::1")}},
		renew: 100 * time.Second, rebind: 200 * time.Second,
	}
	got, err := offer6(reply(t, nil))
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(offer{}), sameAddress, samePrefix); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, tt := range []struct {
		name    string
		change  func(*dhcpv6.OptIANA, *dhcpv6.OptIAAddress)
		refused bool
	}{
		{"the server knows nothing of it", func(i *dhcpv6.OptIANA, _ *dhcpv6.OptIAAddress) {
			i.Options.Add(&dhcpv6.OptStatusCode{StatusCode: iana.StatusNoBinding})
		}, true},
		{"it is over", func(_ *dhcpv6.OptIANA, a *dhcpv6.OptIAAddress) { a.ValidLifetime = 0 }, true},
		{"no address of a host", func(_ *dhcpv6.OptIANA, a *dhcpv6.OptIAAddress) { a.IPv6Addr = net.ParseIP("ff02::1") }, false},
	} {
		if got, err := offer6(reply(t, tt.change)); err == nil || errors.Is(err, errRefused) != tt.refused {
			t.Errorf("%s: %+v, %v, want an error (refused: %t)", tt.name, got, err, tt.refused)
		}
	}
}

// checkOffer says what is wrong with an offer that was made of outside bytes.
func checkOffer(t *testing.T, got offer, version int) {
	t.Helper()
	r := Report{Link: "abcdefghijklmno", Version: version, Lease: &got.Lease}
	line, err := r.line()
	if err != nil {
		t.Errorf("%+v cannot be told: %v", got, err)
		return
	}
	if _, err := ParseReport(strings.TrimSuffix(string(line), "\n")); err != nil {
		t.Errorf("%q cannot be read: %v", line, err)
	}
	if got.renew < 0 || got.rebind < got.renew || got.Seconds != 0 && (got.renew == 0 || got.rebind > got.Lifetime()) {
		t.Errorf("it is renewed after %s, rebound after %s, and lasts %s", got.renew, got.rebind, got.Lifetime())
	}
}

func FuzzAnswer4(f *testing.F) {
	f.Add(ack(f, dhcpv4.OptRouter(net.IPv4(192, 0, 2, 1)), dhcpv4.OptDNS(net.IPv4(192, 0, 2, 3)), number(dhcpv4.OptionInterfaceMTU, 5, 0)).ToBytes())
	f.Add(ack(f, classless("10.0.0.0/8 192.0.2.2", "0.0.0.0/0 0.0.0.0")).ToBytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		answer, err := dhcpv4.FromBytes(data)
		if err != nil {
			return
		}
		if got, err := offer4(answer); err == nil {
			checkOffer(t, got, 4)
		}
	})
}

func FuzzAnswer6(f *testing.F) {
	f.Add(reply(f, nil).ToBytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		answer, err := dhcpv6.MessageFromBytes(data)
		if err != nil {
			return
		}
		if got, err := offer6(answer); err == nil {
			checkOffer(t, got, 6)
		}
	})
}
