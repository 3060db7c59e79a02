package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"twinlb/seed"

	"github.com/google/go-cmp/cmp"
)

// TestDriveSaysAllThatABakedSeedDoes reads a drive as a node does.
func TestDriveSaysAllThatABakedSeedDoes(t *testing.T) {
	own := exampleNode(t, filepath.Join(t.TempDir(), "pair.keys"), oneSecret)

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
	if diff := cmp.Diff(want, spec, cmp.Comparer(func(x, y interface{ String() string }) bool { return x.String() == y.String() })); diff != "" {
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
