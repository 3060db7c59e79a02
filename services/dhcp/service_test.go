package dhcp

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestServiceNamesEachLinkOnceForEachVersion(t *testing.T) {
	s := Service([]Link{{Name: "eth0", IPv4: true, IPv6: true}, {Name: "eth1"}, {Name: "lan.5", IPv6: true}})
	if diff := cmp.Diff([]string{"/init", Name, "eth0/4", "eth0/6", "lan.5/6"}, s.Argv); diff != "" {
		t.Errorf("argv (-want +got):\n%s", diff)
	}
	for _, arg := range s.Argv[2:] {
		if _, _, err := ParseArgument(arg); err != nil {
			t.Errorf("%q cannot be read: %v", arg, err)
		}
	}
}

func TestParseArgument(t *testing.T) {
	if link, version, err := ParseArgument("lan.5/6"); link != "lan.5" || version != 6 || err != nil {
		t.Errorf("lan.5/6 is read as %q, %d, %v", link, version, err)
	}
	for _, arg := range []string{"", "eth0", "eth0/", "/4", "eth0/5", "eth0/4/6"} {
		if link, version, err := ParseArgument(arg); err == nil {
			t.Errorf("%q is read as %q, %d, want an error", arg, link, version)
		}
	}
}
