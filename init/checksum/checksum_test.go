package checksum

import (
	"net/netip"
	"testing"
)

func TestOf(t *testing.T) {
	for _, tt := range []struct {
		name     string
		protocol uint8
		from, to string
		data     []byte
		want     uint16
	}{
		{"ACK over IPv4", 6, "192.168.100.60", "192.168.100.1",
			[]byte{0x0c, 0xea, 0x80, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10, 0, 0, 0, 0, 0, 0}, 0xd95b},
		{"neighbour solicitation", 58, "::", "ff02::1:ff00:60",
			append([]byte{135, 0, 0, 0, 0, 0, 0, 0}, netip.MustParseAddr("2001:db8::60").AsSlice()...), 0x4c2f},
		{"a carry of a carry", 112, "192.168.100.53", "192.168.100.54", []byte{0xb5, 0xd2}, 0xfffd},
		{"odd length", 17, "192.0.2.1", "192.0.2.2", []byte{0xff, 0xff, 0, 1, 0, 9, 0, 0, 'o'}, 0x0cd7},
	} {
		if got := Of(tt.protocol, netip.MustParseAddr(tt.from), netip.MustParseAddr(tt.to), tt.data); got != tt.want {
			t.Errorf("%s: checksum %#04x, want %#04x", tt.name, got, tt.want)
		}
	}
}
