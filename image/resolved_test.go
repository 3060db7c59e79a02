package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"twinlb/seed"
	"twinlb/services/plan"

	"github.com/google/go-cmp/cmp"
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func planned(t *testing.T, spec *seed.Spec) string {
	t.Helper()
	p, err := plan.Of(spec, plan.Host(spec))
	if err != nil {
		t.Fatal(err)
	}
	return p.String()
}

// TestDriveSaysAllThatABakedSeedDoes reads a drive as a node does.
func TestDriveSaysAllThatABakedSeedDoes(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "lb-a")
	if err := os.CopyFS(folder, fstest.MapFS{
		"user-data":      {Data: read(t, "../examples/pair.yaml")},
		"network-config": {Data: []byte("version: 2\nethernets: {enp1s0: {addresses: [192.168.100.53/24], mtu: 1400}}\n")},
	}); err != nil {
		t.Fatal(err)
	}
	own, err := (&choice{node: "lb-a"}).resolve(folder, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := own.loadKeys(""); err != nil {
		t.Fatal(err)
	}

	files := make(map[string][]byte)
	for _, f := range own.drive() {
		files[f.Name] = f.Data
	}
	found := seed.Files{
		Name: "user-data", UserData: files["user-data"], MetaData: files["meta-data"],
		NetworkConfig: files["network-config"], VendorData: files["vendor-data"],
	}
	pair, err := found.Parse()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := pair.Identify(seed.Hardware{Role: seed.Backup}) // of the image, which does not matter
	if err != nil {
		t.Fatal(err)
	}
	baked, err := own.bundle().Encode()
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := seed.DecodeBundle(bytes.NewReader(baked))
	if err != nil {
		t.Fatal(err)
	}
	want, err := bundle.Spec()
	if err != nil {
		t.Fatal(err)
	}
	if got := spec.Network.Links[0].MTU; got != 1400 {
		t.Errorf("the drive says MTU %d, want that of the network-config, 1400", got)
	}
	if diff := cmp.Diff(planned(t, want), planned(t, spec)); diff != "" {
		t.Errorf("what the node does (-baked +drive):\n%s", diff)
	}
	if diff := cmp.Diff(bundle.Seed(), &found); diff != "" {
		t.Errorf("files (-baked +drive):\n%s", diff)
	}
	hostKey, pairKey, err := seed.DecodeKeys(files[seed.KeysFile])
	if err != nil || !bytes.Equal(hostKey, bundle.HostKey) || !bytes.Equal(pairKey, bundle.PairKey) {
		t.Errorf("the keys of the drive are not those of the image: %v", err)
	}
}
