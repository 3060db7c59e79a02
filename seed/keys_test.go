package seed

import (
	"bytes"
	"strings"
	"testing"
)

func TestKeysRoundTrip(t *testing.T) {
	host, pair := bytes.Repeat([]byte{0xaa}, KeySize), bytes.Repeat([]byte{0x55}, KeySize)
	text := EncodeKeys(host, pair)
	for _, file := range [][]byte{text, bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))} {
		gotHost, gotPair, err := DecodeKeys(file)
		if err != nil || !bytes.Equal(gotHost, host) || !bytes.Equal(gotPair, pair) {
			t.Errorf("DecodeKeys(%q) = %x, %x, %v, want %x, %x", file, gotHost, gotPair, err, host, pair)
		}
	}
}

func TestDecodeKeysRefuses(t *testing.T) {
	text := string(EncodeKeys(bytes.Repeat([]byte{0xaa}, KeySize), bytes.Repeat([]byte{0x55}, KeySize)))
	for name, test := range map[string]struct{ text, want string }{
		"nothing":     {"", "it has 1 lines, not the 2 of host-key and pair-key"},
		"one line":    {text[:strings.Index(text, "\n")], "it has 1 lines"},
		"a third":     {text + "more: 1\n", "it has 3 lines"},
		"other names": {strings.Replace(text, "pair-key", "pairkey", 1), "line 2 does not begin with pair-key:"},
		"short":       {strings.Replace(text, "aa", "", 1), "host-key is not a key of 32 bytes"},
		"no hex":      {strings.Replace(text, "55", "xx", 1), "pair-key is not a key of 32 bytes"},
	} {
		_, _, err := DecodeKeys([]byte(test.text))
		if err == nil || !strings.HasPrefix(err.Error(), "read twinlb-keys: "+test.want) {
			t.Errorf("DecodeKeys of %s = %v, want … %s", name, err, test.want)
		} else if strings.Contains(err.Error(), "aaaa") || strings.Contains(err.Error(), "5555") {
			t.Errorf("DecodeKeys of %s tells a key: %v", name, err)
		}
	}
}
