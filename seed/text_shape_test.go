package seed

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"twinlb/seed/netconfig"
)

func TestDecimalPattern(t *testing.T) {
	for _, bounds := range [][2]int{{0, 32}, {0, 128}, {8, 29}, {16, 126}, {1, 255}, {1, 256}, {1, 65535}, {1, 100000}, {7, 7}, {98, 1203}} {
		pattern := regexp.MustCompile(anchored(decimalPattern(bounds[0], bounds[1])))
		for n := range bounds[1] + 2000 {
			if got, want := pattern.MatchString(strconv.Itoa(n)), n >= bounds[0] && n <= bounds[1]; got != want {
				t.Fatalf("%v fits %d: %t, want %t", pattern, n, got, want)
			}
		}
		for _, text := range []string{"", "01", "00", "1e1", "+1", "-1", "100001"} {
			if pattern.MatchString(text) {
				t.Errorf("%v fits %q", pattern, text)
			}
		}
	}
}

// TestAddressPatterns compares the patterns with the parsers on addresses that are
// nearly right.
func TestAddressPatterns(t *testing.T) {
	fitsAddress := texts(t, "address")
	clientNetwork := texts(t, "clients")
	node := texts(t, "nodeAddress")
	onInterface := texts(t, "interfaceAddress")
	random := rand.New(rand.NewPCG(3, 4))
	good := map[string]int{}
	for range 30000 {
		text := nearlyAddress(random)
		if random.IntN(2) == 0 {
			text += fmt.Sprintf("/%d", random.IntN(140))
		}
		for _, test := range []struct {
			name  string
			fits  func(string) bool
			parse func(string) error
		}{
			{"address", fitsAddress, func(s string) error { _, err := address(s); return err }},
			{"clients", clientNetwork, func(s string) error { _, err := clients(s); return err }},
			{"nodeAddress", node, func(s string) error { _, err := prefix(s); return err }},
			{"interfaceAddress", onInterface, func(s string) error { _, err := netconfig.SubnetAddress(s); return err }},
		} {
			err := test.parse(text)
			if test.fits(text) != (err == nil) {
				t.Fatalf("the pattern of %s fits %q: %t, the parser says %v", test.name, text, test.fits(text), err)
			}
			if err == nil {
				good[test.name]++
			}
		}
	}
	for _, name := range []string{"address", "clients", "nodeAddress", "interfaceAddress"} {
		if good[name] < 300 {
			t.Errorf("only %d texts are right for %s", good[name], name)
		}
	}
}

// texts returns what a definition fits.
func texts(t *testing.T, name string) func(string) bool {
	t.Helper()
	d := definitions[name]
	yes, no := regexp.MustCompile(d.Pattern), regexp.MustCompile(d.Not.Pattern)
	return func(text string) bool { return yes.MatchString(text) && !no.MatchString(text) }
}

// nearlyAddress makes an address and perhaps spoils it.
func nearlyAddress(random *rand.Rand) string {
	v4 := fmt.Sprintf("%d.%d.%d.%d", random.IntN(260), random.IntN(256), random.IntN(256), random.IntN(256))
	if random.IntN(4) == 0 {
		return v4
	}
	groups := make([]string, 5+random.IntN(4))
	for i := range groups {
		usual := []string{"0", "00", "0000", "1", "ffff", "FFFF", "64", "2001", "db8", "fd00", "a"}
		if random.IntN(12) == 0 {
			usual = []string{"", "g", "00001", "0001"}
		}
		if i == 0 && random.IntN(4) == 0 {
			usual = []string{"fe7f", "fe80", "FE9a", "feA0", "FeBf", "febf", "fec0", "feff", "ff00", "ff02", "Ffff", "fdff"}
		}
		groups[i] = usual[random.IntN(len(usual))]
	}
	if random.IntN(4) == 0 {
		groups[len(groups)-1] = v4
	}
	text := strings.Join(groups, ":")
	if random.IntN(2) == 0 {
		from := random.IntN(len(groups))
		to := from + random.IntN(len(groups)-from+1)
		text = strings.Join(groups[:from], ":") + "::" + strings.Join(groups[to:], ":")
	}
	return text
}
