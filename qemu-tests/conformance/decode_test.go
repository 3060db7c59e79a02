package conformance

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What keepalived 2.3.3 sent with the configuration of a pair, as tcpdump has it and
// explains it.
const (
	advertIPv4 = "7a5ab9471c82 32b2f8c6bec3 0800 45c00020000100 00ff7070f0c0a86435c0a86436 3164fa0100146567c0a8643c"
	advertIPv6 = "b2eb28c23f0f 7e67a78d5aed 86dd 6c099139001870ff 20010db8000000000000000000000053 20010db8000000000000000000000054" +
		"3164fa01001449cb 20010db8000000000000000000000060"
	gratuitousARP = "ffffffffffff 32b2f8c6bec3 0806 0001080006040001 32b2f8c6bec3c0a8643c ffffffffffffc0a8643c"
	unsolicitedNA = "333300000001 7e67a78d5aed 86dd 6000000000203aff 20010db8000000000000000000000060 ff020000000000000000000000000001" +
		"8800798b20000000 20010db8000000000000000000000060 02017e67a78d5aed"
)

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestDecoderUnderstandsWhatNodesSend(t *testing.T) {
	w := &wire{strangers: make(map[string]bool)}
	at := time.Unix(1795403950, 0)
	for _, text := range []string{advertIPv4, advertIPv4 + strings.Repeat("00", 14), advertIPv6, gratuitousARP, unsolicitedNA} {
		w.take(at, bytesOf(t, text))
	}
	if len(w.faults) > 0 {
		t.Fatal(w.faults)
	}
	four := advert{
		at: at, mac: "32:b2:f8:c6:be:c3", from: netip.MustParseAddr("192.168.100.53"), to: netip.MustParseAddr("192.168.100.54"),
		vrid: 100, priority: 250, interval: interval, vips: []netip.Addr{netip.MustParseAddr("192.168.100.60")},
	}
	six := advert{
		at: at, mac: "7e:67:a7:8d:5a:ed", from: netip.MustParseAddr("2001:db8::53"), to: netip.MustParseAddr("2001:db8::54"),
		vrid: 100, priority: 250, interval: interval, vips: []netip.Addr{netip.MustParseAddr("2001:db8::60")},
	}
	// The second is padded as a network card pads it.
	if diff := cmp.Diff([]advert{four, four, six}, w.adverts, butForTime); diff != "" {
		t.Errorf("adverts (-want +got):\n%s", diff)
	}
	said := []announcement{{at, four.mac, four.vips[0]}, {at, six.mac, six.vips[0]}}
	if diff := cmp.Diff(said, w.announcements, butForTime, cmp.AllowUnexported(announcement{})); diff != "" {
		t.Errorf("announcements (-want +got):\n%s", diff)
	}
}

func TestDecoderFindsWhatIsForbidden(t *testing.T) {
	const ip, vrrp, arp, icmp = 14, 14 + 40, 14, 14 + 40
	for _, tt := range []struct {
		text  string
		place int
		value byte
		want  string
	}{
		{advertIPv4, ip, 0x46, "no header of 20 bytes"},
		{advertIPv4, ip + 6, 0x20, "the header's sum"},
		{advertIPv4, ip + 8, 64, "the header's sum"},
		{advertIPv4, ip + 20 + 6, 0x66, "the sum with the checksum"},
		{advertIPv4, ip + 20 + 11, 0x3d, "the sum with the checksum"},
		{advertIPv6, ip, 0x5c, "IPv6: 5c"},
		{advertIPv6, ip + 5, 0x19, "the payload length is 25"},
		{advertIPv6, ip + 5, 0x17, "it has 23 bytes, want 24"},
		{advertIPv6, ip + 5, 0x07, "it has 7 bytes"},
		{advertIPv6, ip + 7, 254, "hop limit is 254, want 255"},
		{advertIPv6, ip, 0x60, "traffic class"},
		{advertIPv6, ip + 8, 0xff, "the source is ff01:db8::53"},
		{advertIPv6, vrrp, 0x21, "version is 2, want 3"},
		{advertIPv6, vrrp, 0x32, "type is 2, want 1"},
		{advertIPv6, vrrp + 1, 0, "VRID is 0"},
		{advertIPv6, vrrp + 2, 251, "the sum with the checksum"},
		{advertIPv6, vrrp + 3, 0, "it has no addresses"},
		{advertIPv6, vrrp + 3, 2, "want 40 for 2 addresses"},
		{advertIPv6, vrrp + 4, 0x10, "reserved bits are 0x1"},
		{advertIPv6, vrrp + 5, 0, "interval is 0"},
		{advertIPv6, vrrp + 6, 0, "the sum with the checksum"},
		{gratuitousARP, arp + 1, 6, "want IPv4 over Ethernet"},
		{gratuitousARP, arp + 7, 2, "the operation is 2"},
		{gratuitousARP, arp + 8, 0, "it says that 00 b2"},
		{gratuitousARP, 0, 0, "want everybody"},
		{unsolicitedNA, ip + 7, 64, "hop limit is 64"},
		{unsolicitedNA, ip + 39, 2, "it goes to ff02::2"},
		{unsolicitedNA, icmp + 1, 1, "the code is 1"},
		{unsolicitedNA, icmp + 2, 0, "its sum is"},
		{unsolicitedNA, icmp + 26, 0, "its sum is"},
	} {
		data := bytesOf(t, tt.text)
		data[tt.place] = tt.value
		decodesTo(t, data, tt.want)
	}
	// Those that the checksum covers, with a right one.
	for _, tt := range []struct {
		place int
		value byte
		want  string
	}{
		{4, 0x60, "the flags are 0x60"},
		{4, 0xa0, "the flags are 0xa0"},
		{4, 0, "the flags are 0x00"},
		{24, 1, "the option is 01"},
		{26, 0, "the option is"},
	} {
		data := bytesOf(t, unsolicitedNA)
		data[icmp+tt.place] = tt.value
		data[icmp+2], data[icmp+3] = 0, 0
		p, err := parseIPv6(data[ip:])
		if err != nil {
			t.Fatal(err)
		}
		checksum := ^p.sumWithPseudoHeader()
		data[icmp+2], data[icmp+3] = byte(checksum>>8), byte(checksum)
		decodesTo(t, data, tt.want)
	}
	for _, text := range []string{advertIPv4, advertIPv6, gratuitousARP, unsolicitedNA} {
		data := bytesOf(t, text)
		decodesTo(t, data[:len(data)-1], "")
		decodesTo(t, data[:13], "a frame has 13 bytes")
	}
}

// decodesTo fails unless the frame is a fault with the text in it.
func decodesTo(t *testing.T, data []byte, want string) {
	t.Helper()
	w := &wire{strangers: make(map[string]bool)}
	w.take(time.Time{}, data)
	if len(w.faults) != 1 || !strings.Contains(w.faults[0].Error(), want) {
		t.Errorf("% x: faults %v, want one with %q", data, w.faults, want)
	}
	if len(w.adverts)+len(w.announcements) > 0 {
		t.Errorf("% x: is taken in spite of that", data)
	}
}

func FuzzDecoder(f *testing.F) {
	for _, text := range []string{advertIPv4, advertIPv6, gratuitousARP, unsolicitedNA} {
		data, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		w := &wire{strangers: make(map[string]bool)}
		w.take(time.Time{}, data)
		if len(w.faults)+len(w.adverts)+len(w.announcements) > 1 {
			t.Errorf("one frame is %d faults, %d adverts and %d announcements", len(w.faults), len(w.adverts), len(w.announcements))
		}
	})
}
