package services

import (
	"net/netip"
	"strings"
	"testing"
)

func TestOnlyPlainWordsStandInALine(t *testing.T) {
	for _, word := range []string{
		"lb-a", "haproxy_check", "mysql.node", "192.168.100.53", "192.168.100.53/24", "192.168.100.53:3306",
		"2001:db8::1", "/run/keepalived/notify", "0.20", "-1", "00FF",
	} {
		var text Text
		text.Line("    server %s check", word)
		got, err := text.Bytes()
		if want := "    server " + word + " check\n"; err != nil || string(got) != want {
			t.Errorf("Line with %q = %q, %v, want %q", word, got, err, want)
		}
	}
	for _, word := range []string{
		"", " ", "a b", " a", "a ", "a\tb", "a\nb", "\n", "a\rb", "a\x00b", "a\vb",
		`a"b`, "a'b", "a`b", "a{b", "}", "#", "a#b", "!", "!a", `a\`, "$HOME", "${HOME}", "~", "@include", "%[src]",
		"a,b", "a;b", "a|b", "a=b", "(a)", "[a]", "a\u00a0b", "ä", "\xff",
	} {
		var text Text
		text.Line("    server %s check", word)
		if got, err := text.Bytes(); err == nil {
			t.Errorf("Line with %q = %q, want an error", word, got)
		}
	}
}

func TestBracketsAndBlanksBelongToTypes(t *testing.T) {
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	for _, tt := range []struct {
		value any
		want  string // "" for a value that is refused
	}{
		{netip.AddrPortFrom(v6, 3306), "[2001:db8::1]:3306"},
		{netip.AddrPortFrom(v4, 3306), "192.0.2.1:3306"},
		{Literal(v6), "[2001:db8::1]"},
		{Literal(v4), "192.0.2.1"},
		{v6, "2001:db8::1"},
		{Words("check inter 1s"), "check inter 1s"},
		{Words("check"), "check"},
		{"check inter 1s", ""},
		{Words("check  inter"), ""},
		{Words(" check"), ""},
		{Words("check\ninter"), ""},
		{Words("check #inter"), ""},
		{Words(""), ""},
		{"[2001:db8::1]:3306", ""},
		{netip.AddrPort{}, ""},
		{Literal{}, ""},
		{netip.AddrPortFrom(v6.WithZone("eth0"), 3306), ""},
		{netip.AddrPortFrom(v6.WithZone("]\n"), 3306), ""},
		{Literal(v6.WithZone("eth0")), ""},
	} {
		var text Text
		text.Line("%v", tt.value)
		got, err := text.Bytes()
		if tt.want == "" && err == nil {
			t.Errorf("Line with %#v = %q, want an error", tt.value, got)
		}
		if tt.want != "" && (err != nil || string(got) != tt.want+"\n") {
			t.Errorf("Line with %#v = %q, %v, want %s", tt.value, got, err, tt.want)
		}
	}
}

func TestValuesOfAllTypesAreChecked(t *testing.T) {
	type name string
	for _, value := range []any{name("a b"), []string{"a", "b"}, struct{ a, b int }{}, nil} {
		var text Text
		text.Line("    server %v check", value)
		if got, err := text.Bytes(); err == nil {
			t.Errorf("Line with %#v = %q, want an error", value, got)
		}
	}
}

func TestTextSaysWhichValueWasRefusedFirst(t *testing.T) {
	var text Text
	text.Line("global")
	text.Line("    node %s port %d", "lb a", 1)
	text.Line("    node %s", "lb\nb")
	text.Line("    node %s", "lb-c")
	got, err := text.Bytes()
	if err == nil || got != nil {
		t.Fatalf("Bytes = %q, %v, want nothing and an error", got, err)
	}
	for _, want := range []string{`"lb a"`, `"    node %s port %d"`, "letters, digits"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error = %q, want %s in it", err, want)
		}
	}
}
