package seed

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twinlb/seed/netconfig"
	"twinlb/seed/strict"

	"gotest.tools/v3/golden"
)

// networkFolder reads a folder of testdata/network. One without user-data has the
// common one.
func networkFolder(t testing.TB, dir string) *Files {
	t.Helper()
	f := &Files{Name: filepath.Join(dir, userDataFile)}
	for name, to := range map[string]*[]byte{
		userDataFile: &f.UserData, metaDataFile: &f.MetaData, networkConfigFile: &f.NetworkConfig, vendorDataFile: &f.VendorData,
	} {
		data, err := os.ReadFile(f.path(name))
		if errors.Is(err, os.ErrNotExist) && name == userDataFile {
			data, err = os.ReadFile("testdata/network/user-data")
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		*to = data
	}
	return f
}

func networkFolders(t testing.TB, kind string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "network", kind, "*", networkConfigFile))
	if err != nil || len(files) == 0 {
		t.Fatalf("no network-config in testdata/network/%s: %v", kind, err)
	}
	for i, f := range files {
		files[i] = filepath.Dir(f)
	}
	return files
}

func TestBadNetworkConfigs(t *testing.T) {
	for _, dir := range networkFolders(t, "bad") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			files := networkFolder(t, dir)
			pair, err := files.Parse()
			var problems strict.Problems
			if !errors.As(err, &problems) || pair != nil {
				t.Fatalf("Parse = %v, %v, want no pair and Problems", pair, err)
			}
			for _, p := range problems {
				data, err := os.ReadFile(p.File)
				if err != nil {
					t.Fatal(err)
				}
				checkPlaces(t, strict.Problems{p}, data)
			}
			golden.Assert(t, problems.Error()+"\n", beside(filepath.Join(dir, "expected")))
		})
	}
}

// TestGoodNetworkConfigs compares what each node would set up.
func TestGoodNetworkConfigs(t *testing.T) {
	for _, dir := range networkFolders(t, "good") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			pair, err := networkFolder(t, dir).Parse()
			if err != nil {
				t.Fatalf("Parse:\n%v", err)
			}
			var b strings.Builder
			for _, n := range pair.Nodes {
				fmt.Fprintf(&b, "%s\n", n.Name)
				spec, err := pair.ForName(n.Name)
				if err != nil {
					fmt.Fprintf(&b, "%s\n", err)
					continue
				}
				dumpNetwork(&b, &spec.Network)
				for _, w := range spec.Warnings {
					if filepath.Base(w.File) == networkConfigFile {
						fmt.Fprintf(&b, "%s\n", w)
					}
				}
			}
			golden.Assert(t, b.String(), beside(filepath.Join(dir, "expected")))
		})
	}
}

func dumpNetwork(b *strings.Builder, n *netconfig.Network) {
	fmt.Fprintf(b, "  traffic %s, management %q, nameservers %v, search %v\n", n.Traffic, n.Management, n.Nameservers, n.Search)
	for _, l := range n.Links {
		fmt.Fprintf(b, "  %s %s match %+v name %q MTU %d addresses %v\n", l.Kind, l.ID, l.Match, l.Name, l.MTU, l.Addresses)
		if l.DHCPv4 || l.DHCPv6 || l.AcceptRA {
			fmt.Fprintf(b, "    DHCPv4 %t DHCPv6 %t router advertisements %t\n", l.DHCPv4, l.DHCPv6, l.AcceptRA)
		}
		if l.Kind == netconfig.BondLink {
			fmt.Fprintf(b, "    %+v\n", l.Bond)
		}
		if l.Kind == netconfig.VLANOnLink {
			fmt.Fprintf(b, "    %+v\n", l.VLAN)
		}
		for _, r := range l.Routes {
			fmt.Fprintf(b, "    route %+v\n", r)
		}
	}
}

// TestSpecsWithNetworkConfig wants the network-config for the node whose machine it
// describes, and what user-data says for the other.
func TestSpecsWithNetworkConfig(t *testing.T) {
	pair, err := networkFolder(t, "testdata/network/good/management").Parse()
	if err != nil {
		t.Fatal(err)
	}
	specs := pair.Specs()
	if got, want := specs[0].Network.Traffic, trafficLink; got != want {
		t.Errorf("traffic of lb-a is on %s, want %s", got, want)
	}
	if got, want := specs[1].Network.Traffic, "eth0"; got != want {
		t.Errorf("traffic of lb-b is on %s, want %s", got, want)
	}
	for _, l := range specs[0].Network.Links {
		for _, a := range l.Addresses {
			if !a.IsValid() {
				t.Errorf("link %s of lb-a has the address %v", l.ID, a)
			}
		}
	}
	if _, err := pair.ForName("lb-a"); !errors.As(err, new(strict.Problems)) {
		t.Errorf("ForName of the other node = %v, want Problems", err)
	}
}
