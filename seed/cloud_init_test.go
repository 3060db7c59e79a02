package seed

import (
	"encoding/json"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// debianPython is the interpreter for which Debian installs cloud-init; another may
// come first in PATH.
const debianPython = "/usr/bin/python3"

// readNetwork has cloud-init parse a network-config as it does on a machine, and
// prints which addresses and name servers it finds. The word default is netplan's:
// cloud-init hands it on unread where there is netplan, and knows it nowhere else.
const readNetwork = `
import json, sys, yaml
from cloudinit.net import network_state
config = yaml.safe_load(sys.stdin.read().replace("to: default", "to: 0.0.0.0/0"))
state = network_state.parse_net_config_data(config.get("network", config), skip_broken=False)
addresses, servers = [], list(state.dns_nameservers)
for link in state.iter_interfaces():
    servers += link.get("dns", {}).get("nameservers", []) if isinstance(link.get("dns"), dict) else []
    for subnet in link["subnets"]:
        servers += subnet.get("dns_nameservers", [])
        if "address" in subnet:
            addresses.append("%s/%d" % (subnet["address"].split("/")[0], subnet["prefix"]))
json.dump({"Addresses": addresses, "Nameservers": servers}, sys.stdout)
`

// TestCloudInitAccepts gives cloud-init itself what we accept, and wants the same
// addresses from it.
func TestCloudInitAccepts(t *testing.T) {
	if err := exec.Command(debianPython, "-c", "import cloudinit.net.network_state").Run(); err != nil {
		t.Skip("cloud-init is not installed")
	}
	for _, dir := range networkFolders(t, "good") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			files := networkFolder(t, dir)
			pair, err := files.Parse()
			if err != nil {
				t.Fatal(err)
			}
			if pair.Machine == nil {
				return
			}
			type network struct {
				Addresses   []string
				Nameservers []string
			}
			got, want := network{}, network{[]string{}, []string{}}
			for _, l := range pair.Machine.Links {
				for _, a := range l.Addresses {
					want.Addresses = append(want.Addresses, a.String())
				}
			}
			for _, s := range pair.Machine.Nameservers {
				want.Nameservers = append(want.Nameservers, s.String())
			}
			if err := json.Unmarshal(cloudInit(t, files.NetworkConfig, debianPython, "-c", readNetwork), &got); err != nil {
				t.Fatal(err)
			}
			for _, n := range []*network{&got, &want} {
				slices.Sort(n.Addresses)
				slices.Sort(n.Nameservers)
				n.Addresses, n.Nameservers = slices.Compact(n.Addresses), slices.Compact(n.Nameservers)
				for i, a := range n.Addresses {
					n.Addresses[i] = netip.MustParsePrefix(a).String()
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("cloud-init finds (-ours +its)\n%s", diff)
			}
		})
	}
}

// TestCloudInitAcceptsUserData wants no other key of ours to disturb cloud-init.
func TestCloudInitAcceptsUserData(t *testing.T) {
	if _, err := exec.LookPath("cloud-init"); err != nil {
		t.Skip("cloud-init is not installed")
	}
	for _, file := range seedFiles(t, "testdata/good") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "user-data")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if out := cloudInit(t, nil, "cloud-init", "schema", "--config-file", path); !strings.Contains(string(out), "Valid cloud-config") {
			t.Errorf("cloud-init schema of %s:\n%s", file, out)
		}
	}
}

func cloudInit(t *testing.T, stdin []byte, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(string(stdin))
	var warnings strings.Builder
	cmd.Stderr = &warnings
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", name, err, out, warnings.String())
	}
	return out
}
