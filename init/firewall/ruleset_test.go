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

// documented is the ruleset of the package's documentation.
func documented(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "firewall.go", nil, parser.PackageClauseOnly|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var parser comment.Parser
	for _, block := range parser.Parse(file.Doc.Text()).Content {
		if code, ok := block.(*comment.Code); ok {
			return code.Text
		}
	}
	t.Fatal("the package's documentation has no ruleset")
	return ""
}

func TestRulesetIsTheDocumentedOne(t *testing.T) {
	newWire(t)
	nft(t, documented(t), "--file", "-")
	want := ruleset(t)
	namespace(t)
	if err := Apply(example); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, ruleset(t)); diff != "" {
		t.Errorf("ruleset (-documented +applied):\n%s", diff)
	}
}

func TestApplyReplacesTheTableAndNothingElse(t *testing.T) {
	newWire(t)
	nft(t, "table inet other {\n}\n", "--file", "-")
	other := ruleset(t)
	var want string
	for _, r := range []Rules{{Node: vip}, example, example} {
		if err := Apply(r); err != nil {
			t.Fatal(err)
		}
		if want = ruleset(t); !strings.HasPrefix(want, other) {
			t.Errorf("ruleset = %s, want it to begin with\n%s", want, other)
		}
	}
	once := want
	namespace(t)
	nft(t, other+documented(t), "--file", "-")
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
	for i := range 31 {
		r.Ports = append(r.Ports, uint16(10000+i))
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
	r.VIPs = append(r.VIPs, vip, node)
	r.NodePorts = append(r.NodePorts, 3306)
	if err := Apply(r); err != nil {
		t.Errorf("Apply: %v, want what is there twice taken once", err)
	}
}

func TestAddressThatIsNotIPv4IsRefused(t *testing.T) {
	newWire(t)
	for _, r := range []Rules{
		{},
		{Node: node6},
		{Node: node, VIPs: []netip.Addr{vip, node6}},
		{Node: node, Peers: []netip.Addr{node6}},
	} {
		if err := Apply(r); err == nil || !strings.Contains(err.Error(), "IPv4") {
			t.Errorf("Apply(%v) = %v, want an error that says IPv4", r, err)
		}
	}
	if got := ruleset(t); got != "" {
		t.Errorf("ruleset after errors = %s, want none", got)
	}
}
