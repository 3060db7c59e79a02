package seed

import (
	"errors"
	"strings"
	"testing"

	"twinlb/seed/strict"
)

// TestNetworkConfigOfNode gives network-configs that could be set up, but do not
// suit lb-b, and wants the one problem.
func TestNetworkConfigOfNode(t *testing.T) {
	const (
		plain = "version: 2\nethernets:\n  eth0: {addresses: [192.0.2.54/24], gateway4: 192.0.2.1}\n"
		dual  = "54/24, 2001:db8::54/64]"
	)
	for _, test := range []struct {
		name    string
		node    string // keys of lb-b, after its address
		network string
		want    string
	}{
		{"management on traffic", ", management: {interface: eth0}", plain,
			"3:9: ethernets.eth0: is the link for management, interface eth0, and carries the traffic too"},
		{"management without an address", ", management: {interface: eth1}", plain + "  eth1: {}\n",
			"4:9: ethernets.eth1: is the link for management, interface eth1, and has no address"},
		{"management with another address", ", management: {interface: eth1, address: 10.0.0.5/24}", plain + "  eth1: {addresses: [10.0.0.6/24]}\n",
			"4:9: ethernets.eth1: lacks the management address 10.0.0.5/24 of lb-b"},
		{"management by MAC", ", management: {match: {macaddress: 52:54:00:00:00:09}, address: 10.0.0.5/24}", plain + "  eth1: {addresses: [10.0.0.5/24]}\n",
			"1:1: no link is the one for management, macaddress 52:54:00:00:00:09"},
		{"no such card", ", match: {macaddress: 52:54:00:00:00:09}", strings.Replace(plain, "{addr", "{match: {macaddress: '52:54:00:00:00:01'}, addr", 1),
			"1:1: no link has the MAC address 52:54:00:00:00:09 of lb-b"},
		{"the gateway's address", "", "version: 2\nethernets:\n  eth0: {addresses: [192.0.2.54/24, 192.0.2.1/24], dhcp4: true}\n",
			"3:37: ethernets.eth0.addresses[1]: 192.0.2.1 is the gateway, and this is the network-config of lb-b"},
		{"no address of a node", "", strings.Replace(plain, "2.54", "2.5", 1), "1:1: has the address of no node; the nodes are lb-a (master, 192.0.2.53/24), lb-b"},
		{"another gateway", "", strings.Replace(plain, "192.0.2.1}", "192.0.2.2}", 1), "1:1: the default route is via 192.0.2.2, and twinlb.gateway says 192.0.2.1"},
		{"no gateway", "", strings.Replace(plain, ", gateway4: 192.0.2.1", "", 1), "1:1: there is no default route, and twinlb.gateway says 192.0.2.1"},
		{"half of the addresses", dual, plain, "3:9: ethernets.eth0: lacks the address 2001:db8::54/64 of lb-b"},
		{"two links", dual, plain + "  eth1: {addresses: ['2001:db8::54/64']}\n", "4:22: ethernets.eth1.addresses[0]: 2001:db8::54 is on another link than 192.0.2.54"},
		{"router advertisements", dual, strings.Replace(plain, "}", ", accept-ra: true}", 1), ""},
		{"DHCP for management", ", management: {interface: eth1}", plain + "  eth1: {dhcp4: true}\n", ""},
		{"management by address", ", management: {address: 10.0.0.5/24}", plain + "  eth1: {addresses: [10.0.0.5/24]}\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			userData := string(change(t, "54/24", "54/24"+test.node))
			if strings.HasPrefix(test.node, "54/24,") {
				userData = strings.NewReplacer("192.0.2.53/24", "[192.0.2.53/24, 2001:db8::53/64]", "192.0.2.54/24", "[192.0.2."+test.node).Replace(base)
			}
			pair, err := (&Files{Name: userDataFile, UserData: []byte(userData), NetworkConfig: []byte(test.network)}).Parse()
			var problems strict.Problems
			switch {
			case test.want == "" && err != nil:
				t.Errorf("Parse:\n%v\nwant no problem", err)
			case test.want == "":
				if spec, err := pair.ForName("lb-b"); err != nil || spec.Network.Traffic != "eth0" {
					t.Errorf("ForName = %+v, %v, want traffic on eth0", spec, err)
				}
			case !errors.As(err, &problems) || len(problems) != 1 || !strings.HasPrefix(err.Error(), "network-config:"+test.want):
				t.Errorf("Parse:\n%v\nwant that alone:\nnetwork-config:%s…", err, test.want)
			}
		})
	}
}

// TestAmbiguousTraffic wants the link named where DHCP could give the node address to
// two, unless user-data says which.
func TestAmbiguousTraffic(t *testing.T) {
	const twoLinks = "version: 2\nethernets:\n  eth0: {dhcp4: true}\n  eth1: {dhcp4: true}\n"
	for _, test := range []struct{ insert, want string }{
		{"", "network-config:4:9: ethernets.eth1: may get the address 192.0.2.54/24 of lb-b, and so may eth0"},
		{", interface: eth1", ""},
		{", interface: eth2", "no link is called eth2, the interface of lb-b"},
		{", management: {interface: eth0}", ""},
	} {
		files := &Files{Name: userDataFile, UserData: change(t, "54/24", "54/24"+test.insert), NetworkConfig: []byte(twoLinks)}
		pair, err := files.Parse()
		if err != nil {
			t.Errorf("Parse with %q: %v", test.insert, err)
			continue
		}
		spec, err := pair.ForName("lb-b")
		switch {
		case test.want == "" && (err != nil || spec.Network.Traffic != "eth1"):
			t.Errorf("ForName with %q = %+v, %v, want traffic on eth1", test.insert, spec, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("ForName with %q = %v, want %s", test.insert, err, test.want)
		}
	}
}
