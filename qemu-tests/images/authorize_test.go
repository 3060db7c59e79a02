package images

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twinlb/seed"
)

func TestAuthorizeAddsAKey(t *testing.T) {
	const (
		empty = "ssh_authorized_keys: []\n"
		one   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkvZ2xvMd6vNdP1dE3YlZ3Tt7mFhVnq0wF2yk0t5q0a first@example"
		more  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wPv7c0n3mLz6m8y2M6yBqYbYd9lq2p8m3n6bQ7s9T second@example"
	)
	example, err := os.ReadFile("../../examples/pair.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		keys string
		want []string
	}{
		"an empty list": {empty, []string{more}},
		"no list":       {"", []string{more}},
		"a block list":  {"ssh_authorized_keys:\n  - " + one + "\n", []string{one, more}},
		"a flow list":   {"ssh_authorized_keys: [" + one + "]\n", []string{one, more}},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(string(example), empty, tt.keys, 1)
			got, err := Authorize([]byte(text), more)
			if err != nil {
				t.Fatal(err)
			}
			pair, err := seed.Parse("pair.yaml", got)
			if err != nil {
				t.Fatalf("%v\n%s", err, got)
			}
			want, err := seed.Parse("pair.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			want.AuthorizedKeys = tt.want
			if diff := cmp.Diff(want.AuthorizedKeys, pair.AuthorizedKeys); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			if pair.Pools[0].Backends[1].Name != want.Pools[0].Backends[1].Name || pair.VRRP != want.VRRP {
				t.Errorf("the seed has become\n%s", got)
			}
		})
	}
	if _, err := Authorize([]byte("- a list"), more); err == nil {
		t.Error("Authorize of a list succeeded, want an error")
	}
}
