package main

import (
	"flag"
	"math/rand/v2"
	"testing"

	"twinlb/image/keys"
	"twinlb/seed"
	"twinlb/seed/seedtest"
)

var (
	seeds     = flag.Uint64("seeds", 100, "how many generated seeds the shipped programs try")
	firstSeed = flag.Uint64("first-seed", 0, "the number of the first")
)

// TestProgramsAcceptEverySeed tries what generated seeds render to, as the builder
// does. It needs the programs, which `make check` or an image leave in the cache.
func TestProgramsAcceptEverySeed(t *testing.T) {
	_, built, err := builtPrograms()
	if err != nil {
		t.Skip(err)
	}
	secret, _, err := keys.Load(t.TempDir() + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	for n := *firstSeed; n < *firstSeed+*seeds; n++ {
		text := seedtest.Generate(rand.New(rand.NewPCG(n, 1)))
		pair, err := seed.Parse("user-data", []byte(text))
		if err != nil {
			t.Fatalf("-first-seed %d: %v\n%s", n, err, text)
		}
		if err := verifyPair(pair, secret, built); err != nil {
			t.Errorf("-first-seed %d: %v\n%s", n, err, text)
		}
	}
}
