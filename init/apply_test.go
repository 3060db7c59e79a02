package main

import (
	"strings"
	"testing"

	"twinlb/seed"
	"twinlb/services/haproxy"

	"github.com/google/go-cmp/cmp"
)

const applied = `#cloud-config
ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICQfnd6bwyqDZYspD34lLZ5TJtTdtaZk7pHQEzn/2s15 ops]
twinlb:
  vips: [192.168.100.60]
  nodes:
    - {name: lb-a, role: master, address: 192.168.100.53/24}
    - {name: lb-b, role: backup, address: 192.168.100.54/24}
  pools:
    - name: mysql
      backends:
        - {name: mysql1, address: 192.168.100.51}
        - {name: mysql2, address: 192.168.100.50}
`

func specOf(t *testing.T, text string) *seed.Spec {
	t.Helper()
	pair, err := seed.Parse("user-data", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	spec, err := pair.ForName("lb-a")
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestCannotChange(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"nothing", "", "", ""},
		{"a backend", "        - {name: mysql2, address: 192.168.100.50}\n", "", ""},
		{"the node's address", "100.53/24", "100.57/24", ""},
		{"the gateway", "  pools:", "  gateway: 192.168.100.1\n  pools:", ""},
		{"the keys", "[ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICQfnd6bwyqDZYspD34lLZ5TJtTdtaZk7pHQEzn/2s15 ops]", "[]", "nobody could log in to confirm it"},
		{"the card", "100.53/24}", "100.53/24, interface: eth1}", "another network interface"},
		{"a management interface", "100.53/24}", "100.53/24, interface: eth0, management: {address: 10.0.0.53/24, interface: eth1}}", "another network interface"},
	} {
		err := cannotChange(specOf(t, applied), specOf(t, strings.Replace(applied, tt.old, tt.new, 1)))
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestVIPIsAwayForWhatBeginsAnew(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"a peer's address", "100.54/24", "100.55/24", ", the VIP stays"},
		{"the advert interval", "  pools:", "  vrrp: {advert_interval: 1s}\n  pools:", ", the VIP stays"},
		{"the VRID", "  pools:", "  vrrp: {virtual_router_id: 7, advert_interval: 1s}\n  pools:", ", the VIP is away for up to 5s"},
		{"the node's address", "100.53/24", "100.57/24", ", the VIP is away for up to 1s"},
	} {
		if got := awayFor(specOf(t, applied), specOf(t, strings.Replace(applied, tt.old, tt.new, 1))); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// HAProxy may have more than the seed for a while, and in another order.
func TestReportHasTheBackendsOfTheSeed(t *testing.T) {
	servers := []haproxy.Server{{Pool: "mysql", Name: "retired"}, {Pool: "mysql", Name: "mysql2"}, {Pool: "other", Name: "mysql1"}, {Pool: "mysql", Name: "mysql1"}}
	want := []haproxy.Server{{Pool: "mysql", Name: "mysql1"}, {Pool: "mysql", Name: "mysql2"}}
	if diff := cmp.Diff(want, haproxy.Of(specOf(t, applied), servers)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
