package seed

import (
	"errors"
	"os"
	"testing"

	"twinlb/seed/netconfig"
	"twinlb/seed/strict"
)

// FuzzNetworkConfig wants a position inside the file for all that is refused, and a
// network that can be set up for all that is accepted.
func FuzzNetworkConfig(f *testing.F) {
	for _, kind := range []string{"good", "bad"} {
		for _, dir := range networkFolders(f, kind) {
			f.Add(networkFolder(f, dir).NetworkConfig)
		}
	}
	userData, err := os.ReadFile("testdata/network/user-data")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		files := &Files{Name: userDataFile, UserData: userData, NetworkConfig: data}
		pair, err := files.Parse()
		if err != nil {
			checkProblems(t, err, files)
			return
		}
		for _, n := range pair.Nodes {
			spec, err := pair.ForName(n.Name)
			if err != nil {
				checkProblems(t, err, files)
				continue
			}
			checkNetwork(t, spec)
		}
		if specs := pair.Specs(); len(specs) != len(pair.Nodes) {
			t.Errorf("%d specs, want one for each of %d nodes", len(specs), len(pair.Nodes))
		}
		for _, r := range []Role{Master, Backup, ""} {
			pair.Identify(Hardware{Role: r})
		}
	})
}

// checkProblems wants problems with positions in the files that they name.
func checkProblems(t *testing.T, err error, files *Files) {
	t.Helper()
	var problems strict.Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		t.Fatalf("error %v, want Problems", err)
	}
	texts := map[string][]byte{
		userDataFile: files.UserData, metaDataFile: files.MetaData, networkConfigFile: files.NetworkConfig,
	}
	for _, p := range problems {
		text, known := texts[p.File]
		if !known {
			t.Errorf("problem in the file %q: %s", p.File, p.Message)
		}
		checkPlaces(t, strict.Problems{p}, text)
	}
}

// checkNetwork wants links that exist, each after those that it is made of.
func checkNetwork(t *testing.T, spec *Spec) {
	t.Helper()
	n := &spec.Network
	if n.Link(n.Traffic) == nil {
		t.Errorf("traffic is on %q, which is no link", n.Traffic)
	}
	seen := map[string]bool{}
	for _, l := range n.Links {
		below := l.Bond.Members
		if l.Kind == netconfig.VLANOnLink {
			below = append(below, l.VLAN.On)
		}
		for _, id := range below {
			if !seen[id] {
				t.Errorf("%s is made of %q, which is no link before it", l.ID, id)
			}
		}
		if seen[l.ID] {
			t.Errorf("%s is there twice", l.ID)
		}
		seen[l.ID] = true
		if l.Kind == netconfig.Ethernet && l.Match.Name == "" && l.Match.MAC == nil && l.Match.Driver == "" && l.ID != trafficLink {
			t.Errorf("%s fits every interface", l.ID)
		}
		if l.Kind == netconfig.BondLink && (l.Bond.Monitor <= 0 || len(l.Bond.Members) == 0) {
			t.Errorf("the bond %+v cannot work", l.Bond)
		}
		for _, a := range l.Addresses {
			if !a.IsValid() {
				t.Errorf("%s has the address %v", l.ID, a)
			}
		}
		for _, r := range l.Routes {
			if !r.To.IsValid() || !r.Via.IsValid() || r.To.Addr().Is4() != r.Via.Is4() {
				t.Errorf("%s has the route %+v", l.ID, r)
			}
		}
	}
}

func FuzzMetaData(f *testing.F) {
	for _, text := range []string{"instance-id: i-1\nlocal-hostname: lb-b\n", "{", "local-hostname: lb-c", "a: &a [*a]", "{}", "- x"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		files := &Files{Name: userDataFile, UserData: []byte(base), MetaData: data}
		pair, err := files.Parse()
		if err != nil {
			checkProblems(t, err, files)
			return
		}
		if pair.Hostname == "" {
			return
		}
		if spec, err := pair.Identify(Hardware{}); err != nil || spec.Node.Name != pair.Hostname {
			t.Errorf("Identify = %v, %v, want the node %s", spec, err, pair.Hostname)
		}
	})
}

// FuzzUnpack wants what unpacks to be bounded, and the same seed by another way.
func FuzzUnpack(f *testing.F) {
	good := pack(f, []byte(base))
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(append(pack(f, []byte(base[:20])), pack(f, []byte(base[20:]))...))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, problems := strict.Unpack("fuzz", data)
		if problems != nil {
			return
		}
		if len(text) > strict.MaxSize && len(data) <= strict.MaxSize {
			t.Fatalf("%d bytes unpack to %d, want at most %d", len(data), len(text), strict.MaxSize)
		}
		if Digest(data) != Digest(text) {
			t.Errorf("Digest of %d bytes is not that of what they unpack to", len(data))
		}
		if _, err := Parse("fuzz", data); err != nil {
			checkPlaces(t, err.(strict.Problems), text)
		}
	})
}

// FuzzDecodeKeys wants what is accepted to be what EncodeKeys writes.
func FuzzDecodeKeys(f *testing.F) {
	f.Add(EncodeKeys(make([]byte, KeySize), make([]byte, KeySize)))
	f.Add([]byte("host-key: 00\npair-key: 11\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		host, pair, err := DecodeKeys(data)
		if err != nil {
			return
		}
		if h, p, err := DecodeKeys(EncodeKeys(host, pair)); err != nil || string(h) != string(host) || string(p) != string(pair) {
			t.Errorf("DecodeKeys of what EncodeKeys wrote = %x, %x, %v, want %x, %x", h, p, err, host, pair)
		}
	})
}
