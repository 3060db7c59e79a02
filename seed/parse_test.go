package seed

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseRefusesOtherFormats(t *testing.T) {
	for _, test := range []struct{ data, want string }{
		{"", "1:1: the file is empty; a seed starts with the line #cloud-config"},
		{"\n \n", "1:1: the file is empty"},
		{"#cloud-config\n", "1:1: nothing but comments"},
		{"twinlb: {}\n", "1:1: the first line must be #cloud-config"},
		{"\n#cloud-config\n", "1:1: the first line must be #cloud-config"},
		{"# cloud-config\n", "1:1: the first line must be #cloud-config"},
		{"#!/bin/sh\n", "1:1: this is a script"},
		{"Content-Type: multipart/mixed; boundary=\"x\"\n", "1:1: this is a MIME multipart message"},
		{"MIME-Version: 1.0\n", "1:1: this is a MIME multipart message"},
		{"## template: jinja\n#cloud-config\n", "1:1: this is a template"},
		{"#include\nhttp://x\n", "1:1: this is a list of addresses"},
		{"#cloud-config-archive\n", "1:1: this is an archive"},
		{"#cloud-boothook\n", "1:1: this is a boot hook"},
		{"\x1f\x8b\x08", "1:1: the file is compressed with gzip and cut short"},
		{"#cloud-config\n# " + strings.Repeat("- ", maxMarks) + "\n- " + strings.Repeat("x,", maxMarks), "3:24572: the file has too many lines, keys and items"},
		{"\xff\xfe#\x00", "1:1: the file is UTF-16"},
		{"\xef\xbb\xbf#cloud-config\n", "1:1: the file starts with a byte order mark"},
		{"#cloud-config\na: \x00\n", "2:4: the control character U+0000 is not allowed"},
		{"#cloud-config\na: b\rc\n", "2:5: the control character U+000D is not allowed"},
		{"#cloud-config\na: é\xe9\n", `2:5: the byte \xe9 is not UTF-8`},
		{"#cloud-config\na: *x\n", "2:4: YAML: unknown anchor 'x' referenced"},
		{"#cloud-config\njust text\n", `2:1: must be a mapping with the keys ssh_authorized_keys, twinlb, not "just text"`},
		{"#cloud-config\na: 1\n---\nb", "3:1: a second YAML document begins here"},
		{"#cloud-config\na: 1\n...\nb: ]\n", "4:4: YAML: did not find expected node content"},
		{"#cloud-config\n" + strings.Repeat("[", 11000), "2:10001: YAML: exceeded max depth"},
		{"#cloud-config\n" + strings.Repeat("#", maxSize), "1:1: the file is too big: 1048590 bytes, at most 1048576"},
	} {
		_, err := Parse("x", []byte(test.data))
		if err == nil || !strings.HasPrefix(err.Error(), "x:"+test.want) {
			t.Errorf("Parse(%.40q) = %.200v\nwant %s…", test.data, err, test.want)
		}
		checkPlaces(t, err.(Problems), []byte(test.data))
	}
}

// TestParseBoundsAliases gives lists of aliases of long lists, the billion laughs.
func TestParseBoundsAliases(t *testing.T) {
	backend := "{name: db, address: 192.0.2.51, port: x}"
	var b bytes.Buffer
	fmt.Fprintf(&b, "#cloud-config\ntwinlb:\n  pools:\n    - &p {name: m, backends: [&b %s%s]}\n",
		backend, strings.Repeat(", *b", maxItems-1))
	b.WriteString(strings.Repeat("    - *p\n", maxItems-1))
	_, err := Parse("x", b.Bytes())
	n := 0
	for _, p := range err.(Problems) {
		if strings.HasSuffix(p.Message, `port: "x" is not a port, a decimal number from 1 to 65535 without leading zeros`) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("Parse reports the port %d times, want once for all aliases", n)
	}

	b.WriteString("    - *p\n")
	_, err = Parse("x", b.Bytes())
	if want := "pools: the list has 257 items, at most 256 are possible"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Parse = %.200v, want … %s", err, want)
	}
}

func TestAuthorizedKeys(t *testing.T) {
	const key = "AAAAC3NzaC1lZDI1NTE5AAAAIKCwu5jvsN/AhlDNsT+fyVVpI7hb/1lkuRS2szKUMP9H"
	for _, good := range []string{"ssh-ed25519 " + key, "ssh-ed25519 " + key + " ops at example"} {
		data := change(t, "keys: []", "keys:\n- "+good)
		pair, err := Parse("x", data)
		if err != nil || len(pair.AuthorizedKeys) != 1 || pair.AuthorizedKeys[0] != good {
			t.Errorf("Parse = %v, %v, want the key %q", pair, err, good)
		}
	}
	for _, test := range []struct{ line, want string }{
		{"ssh-ed25519", "is not a public key"},
		{"''", "is not a public key"},
		{"ssh-dss " + key, "is a DSA key"},
		{"ssh-ed448 " + key, `begins with "ssh-ed448", which is no type`},
		{"ssh-rsa " + key, `says ssh-rsa, but the key itself is "ssh-ed25519"`},
		{"ssh-ed25519 " + key[:60], "is cut short or altered: the key ends too early"},
		{"ssh-ed25519 " + key[:20], "is cut short: the key ends too early"},
		{"ssh-ed25519 " + key[:67], "is cut short or altered: its second word is not base64"},
		{"ssh-ed25519 " + key + "AAAA", "is altered: something follows the key"},
		{"ssh-ed25519 AAAA", "is cut short: the key ends too early"},
		{"ssh-ed25519 AAAAAA==", "is cut short or altered"},
		{`'no-pty ssh-ed25519 ` + key + `'`, "has options before the key"},
		{"|\n    ssh-ed25519 " + key + "\n    ssh-ed25519 " + key, "is more than one line"},
		{"-----BEGIN OPENSSH PRIVATE KEY-----", "is a private key"},
	} {
		_, err := Parse("x", change(t, "keys: []", "keys:\n  - "+test.line))
		var problems Problems
		if !errors.As(err, &problems) || len(problems) != 1 || !strings.Contains(problems[0].Message, test.want) {
			t.Errorf("Parse of key %.40q =\n%v\nwant … %s", test.line, err, test.want)
		}
	}
}
