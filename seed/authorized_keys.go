package seed

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"twinlb/seed/strict"
)

// keyFields are the types of public keys that an SSH server still takes, with
// the number of fields of each (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4,
// OpenSSH's PROTOCOL.u2f).
var keyFields = map[string]int{
	"ssh-ed25519":                        2,
	"ssh-rsa":                            3,
	"ecdsa-sha2-nistp256":                3,
	"ecdsa-sha2-nistp384":                3,
	"ecdsa-sha2-nistp521":                3,
	"sk-ssh-ed25519@openssh.com":         3,
	"sk-ecdsa-sha2-nistp256@openssh.com": 4,
}

// authorizedKey checks a line of authorized_keys(5): type, key and comment, no options.
func authorizedKey(text string) (string, error) {
	if strings.Contains(text, "PRIVATE KEY") {
		return "", errors.New("is a private key; write the public one, from the file that ends in .pub")
	}
	text = strings.TrimSpace(text)
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", errors.New("is more than one line, or has a tab; write each key as an item of its own")
	}
	words := strings.Fields(text)
	if len(words) < 2 {
		return "", errors.New("is not a public key, like ssh-ed25519 AAAA… ops@example")
	}
	fields, known := keyFields[words[0]]
	if !known {
		return "", explainKeyType(words)
	}
	blob, err := base64.StdEncoding.DecodeString(words[1])
	if err != nil {
		return "", errors.New("is cut short or altered: its second word is not base64")
	}
	return text, checkKeyBlob(blob, words[0], fields)
}

func explainKeyType(words []string) error {
	switch {
	case words[0] == "ssh-dss":
		return errors.New("is a DSA key, which SSH servers no longer take; make an ed25519 key")
	case slices.ContainsFunc(words[1:], func(w string) bool { return keyFields[w] > 0 }):
		return errors.New("has options before the key, which are not supported; begin with the type of the key")
	}
	return fmt.Errorf("begins with %s, which is no type of public key; known: ssh-ed25519, ssh-rsa, ecdsa-sha2-nistp256, -384, -521, and the sk- ones", strict.Quote(words[0]))
}

// checkKeyBlob checks that the key is the fields that its type has, each with
// its length before it (RFC 4251 §5), and that the first names the type again.
func checkKeyBlob(blob []byte, keyType string, fields int) error {
	for i := range fields {
		if len(blob) < 4 {
			return errors.New("is cut short: the key ends too early")
		}
		n := uint64(binary.BigEndian.Uint32(blob))
		blob = blob[4:]
		if n == 0 || n > uint64(len(blob)) {
			return errors.New("is cut short or altered: the key ends too early")
		}
		if inner := string(blob[:n]); i == 0 && inner != keyType {
			return fmt.Errorf("says %s, but the key itself is %s", keyType, strict.Quote(inner))
		}
		blob = blob[n:]
	}
	if len(blob) > 0 {
		return errors.New("is altered: something follows the key")
	}
	return nil
}
