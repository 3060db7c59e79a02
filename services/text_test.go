package services

import (
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
