package site

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/sandbox"
	"twinlb/seed"
)

func TestMain(m *testing.M) { sandbox.Main(m) }

// example is examples/pair.yaml with old strings replaced by new ones.
func example(t *testing.T, oldnew ...string) *seed.Pair {
	t.Helper()
	text, err := os.ReadFile("../../examples/pair.yaml")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := seed.Parse("pair.yaml", []byte(strings.NewReplacer(oldnew...).Replace(string(text))))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func TestClientHasAnAddressOfItsOwn(t *testing.T) {
	for name, tt := range map[string]struct {
		pair *seed.Pair
		want string
	}{
		"the first":     {example(t), "[192.168.100.1/24]"},
		"the gateway's": {example(t, "# gateway: 192.168.100.1", "gateway: 192.168.100.9"), "[192.168.100.9/24]"},
		"the first that is free": {example(t, "192.168.100.60", "192.168.100.1", "192.168.100.53", "192.168.100.2",
			"192.168.100.50", "192.168.100.3"), "[192.168.100.4/24]"},
	} {
		if got := fmt.Sprint(clientAddresses(tt.pair)); got != tt.want {
			t.Errorf("%s: the client has %s, want %s", name, got, tt.want)
		}
	}
}

func TestServersAreReachedWhereTheSeedSays(t *testing.T) {
	if _, err := exec.LookPath("mariadbd"); err != nil {
		t.Skip("needs the Debian package mariadb-server-core: ", err)
	}
	pair := example(t, "# gateway: 192.168.100.1", "gateway: 192.168.100.9",
		"192.168.100.51, port: 3306", "10.9.0.5, port: 3307", "192.168.100.50, port: 3306", "10.9.0.5, port: 3308")
	s := New(t, pair)
	node := s.Lab.Host("lb-a", pair.Nodes[0].Address)
	run(t, node.Command("ip", "route", "add", "default", "via", "192.168.100.9"))
	for i, service := range []string{"10.9.0.5:3307", "10.9.0.5:3308"} {
		if got, err := client.ServerID(node, netip.MustParseAddrPort(service)); err != nil || got != i+1 {
			t.Errorf("through %s server %d answers (error %v), want %d", service, got, err, i+1)
		}
	}
}
