package licences

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func text(name, data string) Text { return Text{Name: name, Data: []byte(data)} }

func TestEachTextIsWrittenOnce(t *testing.T) {
	components := []Component{
		{"Linux", "6.12", "GPL-2.0-only", "kernel.org", []Text{text(gpl2, "\n   GNU GPL\nversion 2\n"), text("Linux, COPYING", "notes")}},
		// Its copy of a well-known licence has another address.
		{"HAProxy", "3.0", "GPL-2.0-or-later", "haproxy.org", []Text{text("HAProxy, LICENSE", "its history"), text(gpl2, "GNU GPL version 2, Temple Place")}},
		// Another file, the same words.
		{"netlink", "v1", "MIT", "a module", []Text{text("netlink, LICENSE", "its\n  history\n")}},
	}
	var got strings.Builder
	if err := Write(&got, components); err != nil {
		t.Fatal(err)
	}
	want := preface + `
Linux 6.12
  licence  GPL-2.0-only
  source   kernel.org
  texts    1, 2

HAProxy 3.0
  licence  GPL-2.0-or-later
  source   haproxy.org
  texts    3, 1

netlink v1
  licence  MIT
  source   a module
  texts    3

` + rule + `
Text 1: ` + gpl2 + `
` + rule + `

   GNU GPL
version 2

` + rule + `
Text 2: Linux, COPYING
` + rule + `

notes

` + rule + `
Text 3: HAProxy, LICENSE
` + rule + `

its history
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("Write (-want +got):\n%s", diff)
	}
}

func TestComponentWithoutLicenceOrTextIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name      string
		component Component
		want      string
	}{
		{"no licence", Component{"grub", "2.06", "", "", []Text{text("a", "b")}}, `grub 2.06 has licence ""`},
		{"no text", Component{"grub", "2.06", "GPL", "", nil}, "0 texts; want a licence and its text"},
		{"an empty text", Component{"grub", "2.06", "GPL", "", []Text{text(gpl3, " \n")}}, "grub 2.06: " + gpl3 + " is empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got strings.Builder
			err := Write(&got, []Component{tt.component})
			if err == nil || !strings.Contains(err.Error(), tt.want) || got.Len() > 0 {
				t.Errorf("Write = %v and %d bytes, want an error with %q and nothing else", err, got.Len(), tt.want)
			}
		})
	}
}
