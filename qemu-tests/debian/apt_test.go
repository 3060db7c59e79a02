package debian

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSourcesAreTheMachinesMirrors(t *testing.T) {
	deb := "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
	for name, tt := range map[string]struct{ targets, want string }{
		"with security": {
			"Docker CE\tfile:/docker\nDebian\tfile:/a\nDebian\tfile:/b\nDebian-Security\tfile:/s\n",
			deb + "file:/a bookworm main\n" + deb + "file:/s bookworm-security main\n",
		},
		"without": {"Debian\tfile:/a\n", deb + "file:/a bookworm main\n"},
	} {
		got, err := sourcesOn(tt.targets)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if _, err := sourcesOn("Ubuntu\tfile:/u\n"); err == nil || !strings.Contains(err.Error(), "apt-get update") {
		t.Errorf("no Debian mirror: got error %v, want one that says what to do", err)
	}
}

func TestAcquireSettings(t *testing.T) {
	dump := `APT::Architecture "amd64";
Acquire::http::Proxy "file:/p";
Acquire::IndexTargets::deb::Packages::MetaKey "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages";
Acquire::Languages:: "none";
`
	want := `Acquire::http::Proxy "file:/p";
Acquire::Languages:: "none";
`
	if diff := cmp.Diff(want, acquireIn(dump)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
