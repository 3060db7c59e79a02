package dhcp

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sameAddress has cmp compare addresses by what they are.
var sameAddress = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

var samePrefix = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })

// fullest is a report with all that fits.
func fullest() Report {
	l := &Lease{
		Address: netip.MustParsePrefix("192.100.100.153/24"), Seconds: 1<<32 - 2, MTU: 9000,
		Server: netip.MustParseAddr("192.100.100.101"),
	}
	for i := range maxRoutes {
		l.Routes = append(l.Routes, Route{netip.MustParsePrefix(fmt.Sprintf("100.100.10%d.128/25", i)), netip.MustParseAddr("192.100.100.101")})
	}
	for i := range maxNameservers {
		l.Nameservers = append(l.Nameservers, netip.MustParseAddr(fmt.Sprintf("192.100.100.10%d", i)))
	}
	return Report{Link: "abcdefghijklmno", Version: 4, Lease: l}
}

func TestReportIsRead(t *testing.T) {
	for _, want := range []Report{
		fullest(),
		{Link: "eth0", Version: 4, Why: strings.Repeat("x", maxWhy)},
		{Link: "eth0.5", Version: 6, Lease: &Lease{Address: netip.MustParsePrefix("2001:db8::53/128"), Seconds: 3600}},
		{Link: "eth0", Version: 4, Lease: &Lease{Address: netip.MustParsePrefix("192.0.2.53/32"), Routes: []Route{{To: netip.MustParsePrefix("0.0.0.0/0")}}}},
	} {
		line, err := want.line()
		if err != nil {
			t.Errorf("%+v: %v", want, err)
			continue
		}
		text := strings.TrimSuffix(string(line), "\n")
		if !IsReport(text) {
			t.Errorf("%q is no report", text)
		}
		got, err := ParseReport(text)
		if err != nil {
			t.Errorf("ParseReport(%q): %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, *got, sameAddress, samePrefix); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestReportThatCannotBeIsRefused(t *testing.T) {
	lease := func(rest string) string {
		return `{"link":"eth0","version":4,"lease":{"address":"192.0.2.53/24","seconds":60` + rest + `}}`
	}
	for _, tt := range []struct{ line, want string }{
		{``, "EOF"},
		{`{`, "EOF"},
		{lease("") + "{}", "2 bytes follow"},
		{`{"link":"eth0","version":4,"root":true}`, "unknown field"},
		{`{"version":4}`, "no name"},
		{`{"link":"eth0 up","version":4,"lease":null,"why":"a\nb"}`, "no line of text"},
		{`{"link":"eth0","version":4,"why":"` + strings.Repeat("x", maxWhy+1) + `"}`, "no line of text"},
		{`{"link":"abcdefghijklmnop","version":4}`, "no name"},
		{`{"link":"eth0\n","version":4}`, "no name"},
		{`{"link":"eth0","version":5}`, "version 5"},
		{lease(`,"mtu":70`), "MTU of 70"},
		{lease(`,"mtu":10000`), "MTU of 10000"},
		{lease(`,"seconds":-1`), "cannot unmarshal"},
		{lease(`,"seconds":4294967296`), "cannot unmarshal"},
		{lease(`,"server":"fe80::1%eth0"`), "zone"},
		{lease(`,"nameservers":["127.0.0.1"]`), "nameserver 127.0.0.1"},
		{lease(`,"nameservers":["192.0.2.1","192.0.2.1","192.0.2.1","192.0.2.1"]`), "4 nameservers"},
		{lease(`,"routes":[{"to":"0.0.0.0/0","via":"2001:db8::1"}]`), "route via 2001:db8::1"},
		{lease(`,"routes":[{"to":"0.0.0.0/0","via":"224.0.0.1"}]`), "route via 224.0.0.1"},
		{lease(`,"routes":[{"to":"10.1.0.0/8","via":"192.0.2.1"}]`), "route to 10.1.0.0/8"},
		{lease(`,"routes":[{"via":"192.0.2.1"}]`), "route to"},
		{lease(`,"routes":[{"to":"::/0"}]`), "route to ::/0"},
		{lease(`,"routes":[` + strings.Repeat(`{"to":"0.0.0.0/0"},`, maxRoutes) + `{"to":"0.0.0.0/0"}]`), "9 routes"},
	} {
		refuse(t, tt.line, tt.want)
	}
	for _, tt := range []struct {
		address string
		version int
	}{
		{"0.0.0.0/24", 4}, {"127.0.0.1/8", 4}, {"169.254.1.1/16", 4}, {"224.0.0.1/24", 4}, {"255.255.255.255/24", 4}, {"240.0.0.1/24", 4},
		{"192.0.2.53/0", 4}, {"2001:db8::53/128", 4}, {"::ffff:192.0.2.53/128", 4}, {"::ffff:192.0.2.53/128", 6},
		{"192.0.2.53/32", 6}, {"2001:db8::53/64", 6}, {"fe80::1/128", 6}, {"ff02::1/128", 6}, {"::1/128", 6}, {"::/128", 6},
	} {
		refuse(t, fmt.Sprintf(`{"link":"eth0","version":%d,"lease":{"address":%q,"seconds":60}}`, tt.version, tt.address), "address "+tt.address)
	}
}

func refuse(t *testing.T, line, want string) {
	t.Helper()
	if got, err := ParseReport(line); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "DHCP") {
		t.Errorf("ParseReport(%q) = %+v, %v, want an error with %q", line, got, err, want)
	}
}

func TestReportThatCannotBeReadIsNotWritten(t *testing.T) {
	for _, r := range []Report{{}, {Link: "eth0", Version: 4, Lease: &Lease{}}} {
		if line, err := r.line(); err == nil {
			t.Errorf("%+v is written as %q, want an error", r, line)
		}
	}
}

func FuzzParseReport(f *testing.F) {
	r := fullest()
	line, err := r.line()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(line))
	f.Add(`{"link":"eth0","version":6,"why":"over"}`)
	f.Fuzz(func(t *testing.T, line string) {
		r, err := ParseReport(line)
		if err != nil {
			return
		}
		if err := r.check(); err != nil {
			t.Errorf("%q is taken: %v", line, err)
		}
		if r.Lease != nil && r.Lease.Lifetime() < 0 {
			t.Errorf("%q lasts %s", line, r.Lease.Lifetime())
		}
	})
}

func diffLease(want, got Lease) string { return cmp.Diff(want, got, sameAddress, samePrefix) }
