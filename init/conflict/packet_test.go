package conflict

import (
	"encoding/hex"
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var mac = net.HardwareAddr{0x52, 0x54, 0, 0, 0, 1}

func TestReadARP(t *testing.T) {
	announcement := arpAnnouncements(mac, vip)
	for _, tt := range []struct {
		name   string
		packet []byte
		ok     bool
	}{
		{"an announcement", announcement[0], true},
		{"an announcement as an answer", announcement[1], true},
		{"a question of who has the address", arp(arpRequest, mac, vip, other), true},
		{"a padded frame", append(arp(arpReply, mac, vip, other), make([]byte, 18)...), true},
		{"a probe", arpProbe(mac, vip), false},
		{"a part of a packet", announcement[0][:27], false},
		{"another protocol", append([]byte{0, 1, 0x86}, announcement[0][3:]...), false},
		{"nothing", nil, false},
	} {
		got, ok := readARP(tt.packet)
		if diff := cmp.Diff(Claim{vip, mac}, got, addresses); ok != tt.ok || tt.ok && diff != "" {
			t.Errorf("%s: %v, %t, want a claim: %t", tt.name, got, ok, tt.ok)
		}
	}
}

func TestReadND(t *testing.T) {
	announcement := ndAnnouncement(mac, vip6)
	change := func(at int, to byte) []byte {
		changed := append([]byte(nil), announcement...)
		changed[at] = to
		return changed
	}
	probe, _ := ndProbe(vip6)
	before := icmpv6(vip6, allNodes, advertisement, 0, vip6, append([]byte{14, 1, 1, 2, 3, 4, 5, 6, targetLinkLayer, 1}, mac...))
	for _, tt := range []struct {
		name   string
		packet []byte
		ok     bool
	}{
		{"an advertisement", announcement, true},
		{"one with another option before", before, true},
		{"a probe", probe, false},
		{"through a router", change(7, 254), false},
		{"of another protocol", change(6, 17), false},
		{"IPv4", change(0, 0x45), false},
		{"without a MAC address", announcement[:ipv6Header+neighbourMessage], false},
		{"a part of an option", announcement[:len(announcement)-1], false},
		{"an option without a length", change(ipv6Header+neighbourMessage+1, 0), false},
		{"an option that is longer than the packet", change(ipv6Header+neighbourMessage, 99)[:len(announcement)], false},
		{"nothing", nil, false},
	} {
		got, ok := readND(tt.packet)
		if diff := cmp.Diff(Claim{vip6, mac}, got, addresses); ok != tt.ok || tt.ok && diff != "" {
			t.Errorf("%s: %v, %t, want a claim: %t", tt.name, got, ok, tt.ok)
		}
	}
}

// The groups of RFC 4291 §2.7.1, and where they are on Ethernet (RFC 2464 §7).
func TestWhereProbesGo(t *testing.T) {
	address := netip.MustParseAddr("2001:db8::ab12:3456")
	_, group := ndProbe(address)
	if got, want := group.String()+" "+groupMAC(group).String(), "ff02::1:ff12:3456 33:33:ff:12:34:56"; got != want {
		t.Errorf("a probe for %v goes to %s, want %s", address, got, want)
	}
}

func TestFilterIsSmall(t *testing.T) {
	for name, build := range map[string]func() (int, error){
		"ARP": func() (int, error) { p, err := arpFilter(ours[:2]); return len(p), err },
		"ND":  func() (int, error) { p, err := ndFilter(ours[2:]); return len(p), err },
	} {
		if n, err := build(); err != nil || n > 32 {
			t.Errorf("the filter for %s has %d instructions (%v), want a few", name, n, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	probe, _ := ndProbe(vip6)
	for _, packet := range [][]byte{arpProbe(mac, vip), arpAnnouncements(mac, vip)[0], ndAnnouncement(mac, vip6), probe} {
		f.Add(packet)
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		for _, read := range []reader{readARP, readND} {
			claim, ok := read(packet)
			if ok && (len(claim.MAC) != 6 || !claim.Address.IsValid()) {
				t.Errorf("a claim of %v by %v from %s", claim.Address, claim.MAC, hex.EncodeToString(packet))
			}
			if ok {
				claim.ofAnother(mac)
			}
		}
	})
}
