package seed

import (
	"net"
	"strings"
	"testing"
)

const nodesToIdentify = `  nodes:
    - {name: lb-a, role: master, address: 192.0.2.53/24, match: {macaddress: 52:54:00:00:00:01}}
    - {name: lb-b, role: backup, address: 192.0.2.54/24, match: {macaddress: 52:54:00:00:00:02}}
    - {name: lb-c, role: backup, address: 192.0.2.55/24}
`

// three is base with three nodes.
func three(t *testing.T) []byte {
	return change(t, base[strings.Index(base, "  nodes:"):strings.Index(base, "  gateway:")], nodesToIdentify)
}

func mac(t *testing.T, text string) net.HardwareAddr {
	t.Helper()
	mac, err := net.ParseMAC(text)
	if err != nil {
		t.Fatal(err)
	}
	return mac
}

func TestIdentify(t *testing.T) {
	a, b, unknown := mac(t, "52:54:00:00:00:01"), mac(t, "52:54:00:00:00:02"), mac(t, "52:54:00:00:00:99")
	for _, test := range []struct {
		name     string
		metaData string
		hardware Hardware
		want     string // name of the node, or text of the error
		network  string // addresses in the network-config
	}{
		{"host name", "local-hostname: lb-c", Hardware{}, "lb-c", ""},
		{"host name over the role", "local-hostname: lb-c", Hardware{Role: Master}, "lb-c", ""},
		{"network card", "", Hardware{MACs: []net.HardwareAddr{unknown, b}}, "lb-b", ""},
		{"network card over the role", "", Hardware{MACs: []net.HardwareAddr{b}, Role: Master}, "lb-b", ""},
		{"both", "local-hostname: lb-b", Hardware{MACs: []net.HardwareAddr{b}}, "lb-b", ""},
		{"host name and a network card that no node names", "local-hostname: lb-a", Hardware{MACs: []net.HardwareAddr{unknown}}, "lb-a", ""},
		{"role", "", Hardware{MACs: []net.HardwareAddr{unknown}, Role: Master}, "lb-a", ""},
		{"contradiction", "local-hostname: lb-a", Hardware{MACs: []net.HardwareAddr{b}}, "it is lb-a by its local-hostname, but lb-b by its network card", ""},
		{"network cards of two", "", Hardware{MACs: []net.HardwareAddr{a, b}}, "by its network card it may be lb-a or lb-b", ""},
		{"network cards of two and a host name", "local-hostname: lb-a", Hardware{MACs: []net.HardwareAddr{a, b}}, "lb-a", ""},
		{"role of two", "", Hardware{Role: Backup}, "its image is for a backup, which may be lb-b or lb-c; write local-hostname", ""},
		{"nothing", "", Hardware{MACs: []net.HardwareAddr{unknown}}, "nothing tells it; write local-hostname into meta-data, or match: {macaddress: …} under twinlb.nodes; " +
			"the nodes are lb-a (master, 192.0.2.53/24, network card 52:54:00:00:00:01), lb-b (backup, 192.0.2.54/24, network card 52:54:00:00:00:02), lb-c (backup, 192.0.2.55/24); " +
			"the network cards here are 52:54:00:00:00:99", ""},
		{"network-config", "", Hardware{}, "lb-c", "192.0.2.55/24"},
		{"network-config over the role", "", Hardware{Role: Master}, "lb-c", "192.0.2.55/24"},
		{"network-config against the network card", "", Hardware{MACs: []net.HardwareAddr{b}}, "it is lb-b by its network card, but lb-c by its network-config", "192.0.2.55/24"},
		{"DHCP", "", Hardware{Role: Master}, "lb-a", "dhcp"},
		{"DHCP alone", "", Hardware{}, "nothing tells it", "dhcp"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := &Files{Name: "user-data", UserData: three(t), MetaData: []byte(test.metaData)}
			switch test.network {
			case "":
			case "dhcp":
				files.NetworkConfig = []byte("version: 2\nethernets: {eth0: {dhcp4: true}}\n")
			default:
				files.NetworkConfig = []byte("version: 2\nethernets: {eth0: {addresses: [" + test.network + "], gateway4: 192.0.2.1}}\n")
			}
			pair, err := files.Parse()
			if err != nil {
				t.Fatal(err)
			}
			spec, err := pair.Identify(test.hardware)
			switch {
			case err == nil && spec.Node.Name != test.want:
				t.Errorf("Identify = %s, want %s", spec.Node.Name, test.want)
			case err != nil && (!strings.HasPrefix(err.Error(), "find out which node this machine is: ") || !strings.Contains(err.Error(), test.want)):
				t.Errorf("Identify = %v, want %s", err, test.want)
			}
		})
	}
}
