package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"twinlb/init/peer"
	"twinlb/init/status"

	"github.com/google/go-cmp/cmp"
)

func nodeWith(backends int) *said {
	n := &said{Node: status.Node{Name: "lb-a"}}
	for i := range backends {
		n.Backends = append(n.Backends, status.Backend{
			Pool: "pool", Name: fmt.Sprint("mysql", i), Address: fmt.Sprintf("[2001:db8:1234:5678:9abc:def0:1234:%x]:3306", i),
			Check: "L4CON", Detail: "Connection refused", Sessions: i * 37 % 1000,
		})
	}
	return n
}

func TestStatusOfAnySizeFitsIntoADatagram(t *testing.T) {
	for _, backends := range []int{2, 2000} {
		n := nodeWith(backends)
		body, err := encode(n)
		if err != nil || len(body) > peer.MaxBody {
			t.Fatalf("%d backends: %d bytes, %v, want at most %d", backends, len(body), err, peer.MaxBody)
		}
		got, err := decode(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(n, got); diff != "" {
			t.Errorf("%d backends (-said +heard):\n%s", backends, diff)
		}
	}
	if body, _ := encode(nodeWith(2)); body[0] != '{' {
		t.Errorf("a small status begins with %q, want JSON as it is", body[:2])
	}
}

func TestWhatIsNoStatusIsRefused(t *testing.T) {
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	w.Write(bytes.Repeat([]byte(" "), 64<<20))
	w.Close()
	for _, tt := range []struct{ name, body, want string }{
		{"nothing", "", "unexpected end"},
		{"no JSON", "hello", "invalid character"},
		{"half a header", "\x1f\x8b\x08", "EOF"},
		{"a bomb", bomb.String(), "more than 1048576 bytes"},
	} {
		if _, err := decode([]byte(tt.body)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want an error with %q", tt.name, err, tt.want)
		}
	}
}
