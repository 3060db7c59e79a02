package seed

import (
	"bytes"
	"encoding/hex"
	"fmt"
)

// KeysFile is the name of the file on a NoCloud drive that holds a node's keys.
const KeysFile = "twinlb-keys"

// KeySize is the length in bytes of a key.
const KeySize = 32

// The keys in their file, a line each.
var keyNames = []string{"host-key", "pair-key"}

// EncodeKeys returns the text of a KeysFile. hostKey and pairKey are those of a
// Bundle, KeySize bytes each.
func EncodeKeys(hostKey, pairKey []byte) []byte {
	return fmt.Appendf(nil, "%s: %x\n%s: %x\n", keyNames[0], hostKey, keyNames[1], pairKey)
}

// DecodeKeys reads what EncodeKeys wrote; spaces around the lines don't matter. An
// error tells no key.
func DecodeKeys(text []byte) (hostKey, pairKey []byte, err error) {
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	if len(lines) != len(keyNames) {
		return nil, nil, fmt.Errorf("read %s: it has %d lines, not the %d of %s and %s; make the drive again with twinlb seed",
			KeysFile, len(lines), len(keyNames), keyNames[0], keyNames[1])
	}
	keys := make([][]byte, len(keyNames))
	for i, line := range lines {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if string(bytes.TrimSpace(name)) != keyNames[i] {
			return nil, nil, fmt.Errorf("read %s: line %d does not begin with %s: ; make the drive again with twinlb seed", KeysFile, i+1, keyNames[i])
		}
		if keys[i], err = hex.DecodeString(string(bytes.TrimSpace(value))); err != nil || len(keys[i]) != KeySize {
			return nil, nil, fmt.Errorf("read %s: %s is not a key of %d bytes in hexadecimal; make the drive again with twinlb seed", KeysFile, keyNames[i], KeySize)
		}
	}
	return keys[0], keys[1], nil
}
