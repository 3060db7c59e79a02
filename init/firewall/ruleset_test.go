package firewall

import (
	"go/doc/comment"
	"go/parser"
	"go/token"
	"net/netip"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nftProgram is not in everybody's PATH.
const nftProgram = "/usr/sbin/nft"

// nft runs nft(8), a judge that shares no code with this package.
func nft(t *testing.T, input string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(nftProgram); err != nil {
		t.Fatalf("%v: apt-get install nftables", err)
	}
	command := exec.Command(nftProgram, args...)
	command.Stdin = strings.NewReader(input)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("nft %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

var elements = regexp.MustCompile(`elements = \{[^}]*\}`)

// ruleset lists the rules of this namespace. A set has its elements in an order
// that the kernel draws by lot.
func ruleset(t *testing.T) string {
	t.Helper()
	return elements.ReplaceAllStringFunc(nft(t, "", "--stateless", "list", "ruleset"), func(set string) string {
		_, inside, _ := strings.Cut(set, "{")
		all := strings.Split(strings.TrimSuffix(inside, "}"), ",")
		for i := range all {
			all[i] = strings.TrimSpace(all[i])
		}
		slices.Sort(all)
		return "elements = { " + strings.Join(all, ", ") + " }"
	})
}

// documented are the ruleset of the package's documentation, and the rule for IPv6.
func documented(t *testing.T) (all, overIPv6 string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "firewall.go", nil, parser.PackageClauseOnly|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var parser comment.Parser
	var blocks []string
	for _, block := range parser.Parse(file.Doc.Text()).Content {
		if code, ok := block.(*comment.Code); ok {
			blocks = append(blocks, code.Text)
		}
	}
	if len(blocks) != 2 {
		t.Fatalf("the package's documentation has %d blocks of rules, want 2", len(blocks))
	}
	return blocks[0], strings.TrimSpace(blocks[1])
}

func TestRulesetIsTheDocumentedOne(t *testing.T) {
	newWire(t)
	all, rule := documented(t)
	nft(t, all, "--file", "-")
	want := ruleset(t)
	namespace(t)
	if err := Apply(example); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, ruleset(t)); diff != "" {
		t.Errorf("ruleset (-documented +applied):\n%s", diff)
	}
	if err := Apply(overIPv6()); err != nil {
		t.Fatal(err)
	}
	if got := ruleset(t); !strings.Contains(got, rule) {
		t.Errorf("ruleset of nodes that talk over IPv6 lacks\n%s\nit is\n%s", rule, got)
	}
}

func TestApplyReplacesTheTableAndNothingElse(t *testing.T) {
	newWire(t)
	nft(t, "table inet other {\n}\n", "--file", "-")
	other := ruleset(t)
	var want string
	for _, r := range []Rules{{}, overIPv6(), example, example} {
		if err := Apply(r); err != nil {
			t.Fatal(err)
		}
		if want = ruleset(t); !strings.HasPrefix(want, other) {
			t.Errorf("ruleset = %s, want it to begin with\n%s", want, other)
		}
	}
	once := want
	namespace(t)
	all, _ := documented(t)
	nft(t, other+all, "--file", "-")
	if diff := cmp.Diff(ruleset(t), once); diff != "" {
		t.Errorf("ruleset (-applied once +applied over another):\n%s", diff)
	}
}

func TestManyVIPsAndPorts(t *testing.T) {
	newWire(t)
	r := example
	for i := range 64 {
		r.VIPs = append(r.VIPs, netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}))
	}
	for i := range 30 {
		r.Pools = append(r.Pools, Pool{Port: uint16(10000 + i), Allow: r.Pools[1].Allow})
	}
	if err := Apply(r); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Count(ruleset(t), "198.51.100."), 64*32; got != want {
		t.Errorf("%d elements of the VIPs are open, want %d", got, want)
	}
}

func TestAddressAndPortTwiceAreOpenOnce(t *testing.T) {
	newWire(t)
	r := example
	r.Pools = slices.Clone(r.Pools)
	r.VIPs = append(r.VIPs, vip, node, vip6)
	r.NodePorts, r.Management = append(r.NodePorts, 3306), ""
	r.Pools[1].Allow = append(r.Pools[1].Allow, r.Pools[1].Allow...)
	if err := Apply(r); err != nil {
		t.Errorf("Apply: %v, want what is there twice taken once", err)
	}
}

func TestRulesThatCannotBeAreRefused(t *testing.T) {
	newWire(t)
	for _, tt := range []struct {
		change func(*Rules)
		want   string
	}{
		{func(r *Rules) { r.Node = netip.Addr{} }, "no node address"},
		{func(r *Rules) { r.Traffic = "" }, "no interface for 192.0.2.53"},
		{func(r *Rules) { r.Peers = append(r.Peers, peer6) }, "the peer 2001:db8::54 and the node 192.0.2.53"},
		{func(r *Rules) { r.Second = netip.MustParseAddr("fe80::1%eth0") }, "fe80::1%eth0 is neither"},
		{func(r *Rules) { r.VIPs = append(r.VIPs, netip.MustParseAddr("::ffff:192.0.2.1")) }, "::ffff:192.0.2.1 is neither"},
		{func(r *Rules) { r.VIPs = append(r.VIPs, netip.Addr{}) }, "invalid IP is neither"},
		{func(r *Rules) { r.Pools = []Pool{{Port: 3306, Allow: make([]netip.Prefix, 1)}} }, "port 3306 is invalid Prefix"},
		{func(r *Rules) { r.Management = "a-name-with-16-b" }, `"a-name-with-16-b" is no name`},
		{func(r *Rules) { r.DHCPv6 = []string{"a-name-with-16-b"} }, `"a-name-with-16-b" is no name`},
	} {
		r := example
		tt.change(&r)
		if err := Apply(r); err == nil || !strings.Contains(err.Error(), "apply the firewall rules: ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Apply = %v, want an error with %q", err, tt.want)
		}
	}
	if got := ruleset(t); got != "" {
		t.Errorf("ruleset after errors = %s, want none", got)
	}
}
