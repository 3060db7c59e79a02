package netconfig

import (
	"errors"
	"net/netip"
	"slices"

	"twinlb/seed/strict"

	"go.yaml.in/yaml/v4"
)

// Machine is what a network-config says: the network of one machine. Traffic and
// Management are not set, for they depend on which node that is.
type Machine struct {
	Network
	Placed   []PlacedLink     // Network.Links with their places
	Document *strict.Document // to report what does not suit
}

// PlacedLink is a link with the paths at which its parts stand in the file.
type PlacedLink struct {
	Link
	Path         string
	AddressPaths []string // of Link.Addresses, one by one
	routes       []string // of Link.Routes
	members      []string // of Link.Bond.Members
	keys         linkKeys
}

// DHCPPath is the path of the key that asks the network for an address of that family.
func (l *PlacedLink) DHCPPath(like netip.Addr) string {
	if like.Is4() {
		return l.Path + l.keys.dhcp4
	}
	return l.Path + l.keys.dhcp6
}

// linkKeys are keys below a link that the two versions of the format call by
// different names. onLink is no key, but the way to a router outside all subnets.
type linkKeys struct{ mac, name, primary, upDelay, on, dhcp4, dhcp6, onLink string }

// machineDecoder gathers what a network-config says.
type machineDecoder struct {
	links       []PlacedLink
	nameservers []netip.Addr
	search      []string
	routes      []routeConfig // that stand apart from links, version 1 only
}

// routeConfig is a route and where it stands.
type routeConfig struct {
	Route
	path string
}

// Parse reads a network-config of version 1 or 2 as cloud-init documents them, the
// second being netplan's. The name of the file stands in messages. It returns nil when
// the file is empty, or has nothing but comments.
func Parse(name string, data []byte) (*Machine, strict.Problems) {
	s, problems := strict.NewSource(name, data)
	if problems != nil {
		return nil, problems
	}
	root, problems := s.Root()
	if problems != nil || root.Node == nil {
		return nil, problems
	}
	if alias := firstAlias(root.Node); alias != nil {
		return nil, s.Problems(alias.Line, alias.Column, "an alias is not supported in network-config; write out what it stands for")
	}
	d := root.Document
	if inner := child(root, "network"); inner != nil {
		root.Mapping(nil, strict.Required("network", &root, func(v strict.Value) strict.Value { return v.Enter(v.Node, "") }))
	}
	var m machineDecoder
	m.decode(root)
	if len(d.Problems) > 0 {
		return nil, d.Problems
	}
	m.placeRoutes(d)
	slices.SortStableFunc(m.links, func(a, b PlacedLink) int { return a.Kind.rank() - b.Kind.rank() })
	checkLinks(m.links, d)
	if len(d.Problems) > 0 {
		return nil, d.Problems
	}
	machine := &Machine{Document: d, Placed: m.links}
	machine.Nameservers, machine.Search = m.nameservers, m.search
	for _, l := range m.links {
		machine.Links = append(machine.Links, l.Link)
	}
	return machine, nil
}

// decode goes by the version, which both formats must have.
func (m *machineDecoder) decode(v strict.Value) {
	switch version := child(v, "version"); {
	case v.Node.Kind != yaml.MappingNode:
		v.Report("must be a mapping with the keys version, ethernets, …, not %s", v.Kind())
	case version == nil:
		v.Report("the key version is missing; it is 2, or 1")
	case version.Value == "1":
		m.version1(v)
	case version.Value == "2":
		m.version2(v)
	default:
		v.Enter(version, "version").Report("%s is unknown; a network-config has version 1 or 2", strict.Quote(version.Value))
	}
}

// firstAlias finds an alias. Lists of aliases of lists could unfold without end.
func firstAlias(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node
	}
	for _, child := range node.Content {
		if alias := firstAlias(child); alias != nil {
			return alias
		}
	}
	return nil
}

// child returns the value of a key as it is, or nil.
func child(v strict.Value, key string) *yaml.Node {
	if v.Node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(v.Node.Content); i += 2 {
		if v.Node.Content[i].Value == key {
			return v.Node.Content[i+1]
		}
	}
	return nil
}

// rank puts links after those that they are made of.
func (k LinkKind) rank() int {
	return slices.Index([]LinkKind{Ethernet, BondLink, VLANOnLink}, k)
}

// resolvers notes name servers, each once: nobody here asks them by interface.
func (m *machineDecoder) resolvers(servers []netip.Addr, search []string) {
	for _, s := range servers {
		if s.IsValid() && !slices.Contains(m.nameservers, s) {
			m.nameservers = append(m.nameservers, s)
		}
	}
	for _, s := range search {
		if s != "" && !slices.Contains(m.search, s) {
			m.search = append(m.search, s)
		}
	}
}

// only returns a parser of a key that has to say what a node does anyway.
func only(reason string, words ...string) func(string) (string, error) {
	return func(text string) (string, error) {
		if !slices.Contains(words, text) {
			return "", errors.New("is not supported; " + reason)
		}
		return text, nil
	}
}
