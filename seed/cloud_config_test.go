package seed

import (
	"slices"
	"strings"
	"testing"
)

// TestReasons spot-checks the list of cloud-config keys.
func TestReasons(t *testing.T) {
	for _, key := range []string{"packages", "runcmd", "users", "ntp", "timezone", "hostname", "write_files", "network", "mounts", "apt"} {
		if !strings.HasPrefix(notActedOn[key], "is not acted on: ") {
			t.Errorf("notActedOn[%q] = %q, want a reason", key, notActedOn[key])
		}
	}
	accepted := []string{"ssh_authorized_keys", "twinlb"}
	for key := range notActedOn {
		if slices.Contains(accepted, key) {
			t.Errorf("%s is acted on and yet listed", key)
		}
	}
}
