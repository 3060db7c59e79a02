package dhcp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// MaxLine is how long the line of a report can be, with its end, in bytes: what
// PID 1 reads at once of a process.
const MaxLine = 1024

// What fits into a line. A balancer that needs more gets a network-config.
const (
	maxRoutes      = 8
	maxNameservers = 3
	maxWhy         = 200 // bytes
)

// MTUs that make sense: what IPv6 needs (RFC 8200 §5), and a jumbo frame.
const (
	minMTU = 1280
	maxMTU = 9216
)

// Report is what the process tells PID 1 of one link: a line of JSON. Its other
// lines do not begin with a brace.
type Report struct {
	Link    string `json:"link"`            // name of the interface
	Version int    `json:"version"`         // of IP, 4 or 6
	Lease   *Lease `json:"lease,omitempty"` // nil: the one before is over
	Why     string `json:"why,omitempty"`   // it is over
}

// Lease is what a server has given to a link.
type Lease struct {
	Address netip.Prefix `json:"address"` // of IPv6 with /128: DHCPv6 knows no subnets
	Seconds uint32       `json:"seconds"` // that it lasts from now; 0 is for ever
	Server  netip.Addr   `json:"server,omitzero"`
	// Routes, with a Via that is zero where hosts are reached directly.
	Routes      []Route      `json:"routes,omitempty"`
	MTU         int          `json:"mtu,omitempty"` // bytes; 0 when the server does not say
	Nameservers []netip.Addr `json:"nameservers,omitempty"`
}

// Route is a static route.
type Route struct {
	To  netip.Prefix `json:"to"`
	Via netip.Addr   `json:"via,omitzero"`
}

// Lifetime of the lease; 0 is for ever.
func (l *Lease) Lifetime() time.Duration { return time.Duration(l.Seconds) * time.Second }

// IsReport tells whether a line of the process is a report.
func IsReport(line string) bool { return strings.HasPrefix(line, "{") }

// ParseReport reads a line. It believes nothing: the process reads packets that
// anybody on the network can send.
func ParseReport(line string) (*Report, error) {
	var r Report
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return nil, fmt.Errorf("read what the DHCP client says: %w", err)
	}
	if rest := strings.TrimSpace(line[decoder.InputOffset():]); rest != "" {
		return nil, fmt.Errorf("read what the DHCP client says: %d bytes follow the report", len(rest))
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("read what the DHCP client says of %q: %w", r.Link, err)
	}
	return &r, nil
}

// line is the report as it is written.
func (r *Report) line() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	text = append(bytes.TrimSpace(text), '\n')
	if len(text) > MaxLine {
		return nil, fmt.Errorf("the report is %d bytes long, at most %d can be read", len(text), MaxLine)
	}
	return text, nil
}

func (r *Report) check() error {
	switch {
	case r.Link == "" || len(r.Link) > 15 || !printable(r.Link):
		return errors.New("that is no name of an interface")
	case r.Version != 4 && r.Version != 6:
		return fmt.Errorf("there is no IP of version %d", r.Version)
	case len(r.Why) > maxWhy || !printable(r.Why):
		return errors.New("the reason is no line of text")
	case r.Lease == nil:
		return nil
	}
	return r.Lease.check(r.Version)
}

func (l *Lease) check(version int) error {
	if err := checkHost(l.Address.Addr(), version); err != nil {
		return fmt.Errorf("address %s: %w", l.Address, err)
	}
	if bits := l.Address.Bits(); version == 4 && (bits < 1 || bits > 32) || version == 6 && bits != 128 {
		return fmt.Errorf("address %s: a prefix of that length makes no sense", l.Address)
	}
	if l.Server.IsValid() && l.Server.Zone() != "" {
		return fmt.Errorf("server %s: it has a zone", l.Server)
	}
	if len(l.Routes) > maxRoutes || len(l.Nameservers) > maxNameservers {
		return fmt.Errorf("%d routes and %d nameservers, at most %d and %d can be", len(l.Routes), len(l.Nameservers), maxRoutes, maxNameservers)
	}
	for _, r := range l.Routes {
		if !r.To.IsValid() || r.To != r.To.Masked() || r.To.Addr().Is4() != (version == 4) || r.To.Addr().Is4In6() {
			return fmt.Errorf("route to %s: that is no network of IPv%d", r.To, version)
		}
		if r.Via.IsValid() {
			if err := checkHost(r.Via, version); err != nil {
				return fmt.Errorf("route via %s: %w", r.Via, err)
			}
		}
	}
	for _, n := range l.Nameservers {
		if err := checkHost(n, version); err != nil {
			return fmt.Errorf("nameserver %s: %w", n, err)
		}
	}
	if l.MTU != 0 && (l.MTU < minMTU || l.MTU > maxMTU) {
		return fmt.Errorf("an MTU of %d, it can be %d to %d", l.MTU, minMTU, maxMTU)
	}
	return nil
}

// checkHost tells whether a host can have the address.
func checkHost(a netip.Addr, version int) error {
	switch {
	case !a.IsValid() || a.Is4() != (version == 4) || a.Is4In6() || a.Zone() != "":
		return fmt.Errorf("that is no address of IPv%d", version)
	case !a.IsGlobalUnicast(): // which private ones are, and those of documents
		return errors.New("no host can have it")
	case a.Is4() && a.As4()[0] >= 240: // RFC 1112 §4, class E and the broadcast address
		return errors.New("it is reserved")
	}
	return nil
}

// printable tells whether the text is plain ASCII without control characters.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' })
}
