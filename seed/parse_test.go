package seed

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"twinlb/seed/strict"
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
		{"#cloud-config\njust text\n", `2:1: must be a mapping with the keys ssh_authorized_keys, twinlb, not "just text"`},
	} {
		_, err := Parse("x", []byte(test.data))
		if err == nil || !strings.HasPrefix(err.Error(), "x:"+test.want) {
			t.Errorf("Parse(%.40q) = %.200v\nwant %s…", test.data, err, test.want)
		}
		checkPlaces(t, err.(strict.Problems), []byte(test.data))
	}
}

// TestParseBoundsAliases gives lists of aliases of long lists, the billion laughs.
func TestParseBoundsAliases(t *testing.T) {
	backend := "{name: db, address: 192.0.2.51, port: x}"
	var b bytes.Buffer
	fmt.Fprintf(&b, "#cloud-config\ntwinlb:\n  pools:\n    - &p {name: m, backends: [&b %s%s]}\n",
		backend, strings.Repeat(", *b", strict.MaxItems-1))
	b.WriteString(strings.Repeat("    - *p\n", strict.MaxItems-1))
	_, err := Parse("x", b.Bytes())
	n := 0
	for _, p := range err.(strict.Problems) {
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
		var problems strict.Problems
		if !errors.As(err, &problems) || len(problems) != 1 || !strings.Contains(problems[0].Message, test.want) {
			t.Errorf("Parse of key %.40q =\n%v\nwant … %s", test.line, err, test.want)
		}
	}
}
