package seed

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"slices"
	"testing"

	"twinlb/seed/strict"
)

// FuzzParse wants a position inside the file for all that is refused, and
// working specs for all that is accepted.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good", "testdata/bad", "testdata/lint"} {
		entries, err := os.ReadDir(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, e := range entries {
			data, err := os.ReadFile(pattern + "/" + e.Name())
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add([]byte(base))
	f.Fuzz(func(t *testing.T, data []byte) {
		pair, err := Parse("fuzz", data)
		if err != nil {
			var problems strict.Problems
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("Parse = %v, want Problems", err)
			}
			checkPlaces(t, problems, data)
			return
		}
		pair.Grants()
		specs := pair.Specs()
		if len(specs) < 2 || specs[0].Node.Role != Master {
			t.Fatalf("specs %+v, want a master and a backup", specs)
		}
		for _, s := range specs {
			if s.Priority < 1 || s.Priority > 254 || !s.Node.Address.IsValid() || len(s.Peers) != len(specs)-1 {
				t.Errorf("spec %+v is not complete", s)
			}
			for _, vip := range s.VIPs {
				suits := func(a netip.Prefix) bool { return a.Contains(vip) && a.Addr() != vip }
				if !slices.ContainsFunc(s.Node.Addresses(), suits) {
					t.Errorf("VIP %v does not suit node %v", vip, s.Node.Addresses())
				}
			}
		}
	})
}

// FuzzDecodeBundle wants what is accepted to be what Encode writes.
func FuzzDecodeBundle(f *testing.F) {
	archive := encode(f, testBundle())
	f.Add(archive)
	f.Add(append(bytes.Clone(archive), make([]byte, 512)...))
	f.Add(archive[:300])
	f.Add(make([]byte, 512))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := DecodeBundle(bytes.NewReader(data))
		if err != nil {
			return
		}
		again, err := DecodeBundle(bytes.NewReader(encode(t, b)))
		if err != nil || !bytes.Equal(again.UserData, b.UserData) || again.NodeName != b.NodeName {
			t.Errorf("DecodeBundle of what Encode wrote = %+v, %v, want %+v", again, err, b)
		}
	})
}
