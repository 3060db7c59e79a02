package haproxy

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"twinlb/seed"
)

// The packets are written out by hand from the protocol's documentation,
// "Protocol::HandshakeResponse41" and "COM_QUIT", field by field.
func TestLoginIsTheDocumentedPacket(t *testing.T) {
	for _, tt := range []struct {
		name   string
		check  seed.Check
		fields []string
	}{
		{"native", seed.Check{User: "haproxy_check", Auth: seed.Native}, []string{
			"450000",                     // 69 bytes follow
			"01",                         // sequence number
			"01820800",                   // LONG_PASSWORD, PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH
			"00000001",                   // packets of up to 16 MiB
			"2D",                         // utf8mb4_general_ci
			strings.Repeat("00", 23),     // filler
			"686170726F78795F636865636B", // haproxy_check
			"00",
			"00", // empty password
			"6D7973716C5F6E61746976655F70617373776F7264", // mysql_native_password
			"00",
		}},
		{"sha2", seed.Check{User: "lb", Auth: seed.SHA2}, []string{
			"3A0000",
			"01",
			"01820800",
			"00000001",
			"2D",
			strings.Repeat("00", 23),
			"6C62",
			"00",
			"00",
			"63616368696E675F736861325F70617373776F7264", // caching_sha2_password
			"00",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want, err := hex.DecodeString(strings.Join(tt.fields, ""))
			if err != nil {
				t.Fatal(err)
			}
			if got := login(tt.check); !bytes.Equal(got, want) {
				t.Errorf("login = %X,\nwant    %X", got, want)
			}
		})
	}
}

func TestQuitIsTheDocumentedPacket(t *testing.T) {
	if got, want := hexString(quit()), "0100000001"; got != want {
		t.Errorf("quit = %s, want %s", got, want)
	}
}
