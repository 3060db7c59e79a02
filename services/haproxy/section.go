package haproxy

import (
	"fmt"
	"net/netip"
	"strings"

	"twinlb/seed"
	"twinlb/services"
)

// Section is a listen section of haproxy.cfg: one address of a pool, and the
// backends as they are served there.
//
// Its servers can be changed while HAProxy runs, with Add and the other commands
// of its management guide §9.3. No server tracks another, for one that is tracked
// can never be removed; whatever else a section says changes by a reload.
type Section struct {
	Name    string
	Pool    seed.Pool
	Listen  netip.AddrPort
	Source  netip.Addr // of checks, and of connections unless Usesrc is set
	Usesrc  netip.Addr // of connections to servers of its family; zero for Source
	Servers []Entry
}

// Entry is a server of a section, in the words of haproxy.cfg.
type Entry struct {
	Name    string
	Address netip.AddrPort
	Weight  int    // 1–256; not that of the seed, see scale
	MaxConn int    // through this section; 0 for no limit
	Options string // the rest, which is "" or begins with a blank
}

// Sections returns those of a node, of each pool the VIPs' before the node's own.
func Sections(spec *seed.Spec) ([]Section, error) {
	var all []Section
	for _, pool := range spec.Pools {
		for i, vip := range spec.VIPs {
			all = append(all, Section{
				Name: pool.Name + "_vip" + number(i), Pool: pool,
				Listen: netip.AddrPortFrom(vip, pool.Port),
				Source: spec.Node.Source(vip), Usesrc: vip,
			})
		}
		for i, address := range spec.Node.Addresses() {
			all = append(all, Section{
				Name: pool.Name + "_node" + number(i), Pool: pool,
				Listen: netip.AddrPortFrom(address.Addr(), pool.Port),
				Source: address.Addr(),
			})
		}
	}
	for i := range all {
		s := &all[i]
		if !s.Source.IsValid() {
			return nil, fmt.Errorf("the VIP %s needs a node address of its family, and %s has none", s.Listen.Addr(), spec.Node.Name)
		}
		if err := s.serve(spec.Node); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// number tells the second and further sections of a kind from the first.
func number(i int) string {
	if i == 0 {
		return ""
	}
	return fmt.Sprint(i + 1)
}

// poolOf tells the pool that a section of haproxy.cfg belongs to.
func poolOf(section string) (pool string, ok bool) {
	cut := strings.LastIndexByte(section, '_')
	if cut < 0 {
		return "", false
	}
	pool, kind := section[:cut], section[cut+1:]
	return pool, strings.HasPrefix(kind, "node") || strings.HasPrefix(kind, "vip")
}

// serve adds the backends of the pool. One of the other family is reached from
// the node: the VIP of a section has only one.
func (s *Section) serve(node seed.Node) error {
	factor := scale(s.Pool)
	for _, b := range s.Pool.Backends {
		e := Entry{
			Name:    b.Name,
			Address: netip.AddrPortFrom(b.Address, b.Port),
			Weight:  b.Weight * factor,
			MaxConn: b.MaxConn,
		}
		if b.SlowStart > 0 {
			e.Options += fmt.Sprintf(" slowstart %dms", b.SlowStart.Milliseconds())
		}
		if b.Backup {
			e.Options += " backup"
		}
		if b.Address.Is4() != s.Source.Is4() {
			source := node.Source(b.Address)
			if !source.IsValid() {
				return fmt.Errorf("the backend %s of the pool %s has the address %s, and %s has no address of that family to reach it from",
					b.Name, s.Pool.Name, b.Address, node.Name)
			}
			e.Options += fmt.Sprintf(" source %s", services.Literal(source))
		}
		s.Servers = append(s.Servers, e)
	}
	return nil
}

// scale is what the weights of a pool are multiplied by. They are steps in which a
// server's share grows during its slow start, and points on the circle of the
// consistent hash: with one for each server, three would have 39, 27 and 34 % of
// the clients.
func scale(pool seed.Pool) int {
	const most, enough = 256, 16
	heaviest := 1
	for _, b := range pool.Backends {
		heaviest = max(heaviest, b.Weight)
	}
	return max(1, min(enough, most/heaviest))
}

// defaults are the server options of all servers of a section. A check costs a
// login; the node's own address, which few clients use, has fewer.
func (s *Section) defaults() services.Words {
	var options services.Words = "check"
	if !s.Usesrc.IsValid() {
		options += " inter 5s downinter 1s"
	}
	options += " observe layer4 error-limit 1 on-error fastinter"
	if s.Pool.ProxyProtocol {
		// The header of a check tells no client: LOCAL (proxy-protocol.txt §2.2).
		options += " send-proxy-v2 check-send-proxy"
	}
	return options
}

// limit is the option for MaxConn.
func (e Entry) limit() string {
	if e.MaxConn == 0 {
		return ""
	}
	return fmt.Sprintf(" maxconn %d", e.MaxConn)
}

// Add is the command that adds a server to the section. HAProxy applies no
// default-server to it, and it begins in maintenance, without checks.
func (s *Section) Add(e Entry) string {
	return fmt.Sprintf("add server %s/%s %s %s %s weight %d%s%s",
		s.Name, e.Name, e.Address, checks, s.defaults(), e.Weight, e.limit(), e.Options)
}
