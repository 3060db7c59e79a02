package strict

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	keys := []string{"name", "role", "address", "advert_interval", "virtual_router_id", "vips"}
	for text, want := range map[string]string{
		"nmae": "name", "adress": "address", "Role": "role", "advert-interval": "advert_interval",
		"virtual_routerid": "virtual_router_id", "vip": "vips", "weight": "", "": "", "xy": "",
		strings.Repeat("name", 1000): "",
	} {
		if got := nearest(text, keys); got != want {
			t.Errorf("nearest(%.20q) = %q, want %q", text, got, want)
		}
	}
}
