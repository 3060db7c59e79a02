package main

import (
	"errors"
	"strings"
	"testing"

	"twinlb/seed"
)

func TestFailureScreenSaysWhatAndHow(t *testing.T) {
	broken := []byte("#cloud-config\ntwinlb: {vips: [192.168.100.300]}\n")
	bundle := &seed.Bundle{UserData: broken, NodeName: "lb-a"}
	_, err := bundle.Spec()
	if err == nil {
		t.Fatal("the broken seed is accepted")
	}
	got := failureScreen(&node{bundle: bundle}, boot[2], err)
	for _, want := range []string{
		`lb-a DID NOT COME UP: it stopped at the step "seed".`,
		"It holds no VIP",
		`  user-data:2:17: vips[0]: "192.168.100.300"`, // indented, with its place
		"(seed " + seed.Digest(broken) + ")",
		"How to fix it\n  " + boot[2].remedy,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the screen lacks %q:\n%s", want, got)
		}
	}
}

func TestFailureBeforeTheSeedIsKnown(t *testing.T) {
	got := failureScreen(&node{}, boot[0], errors.New("mount proc on /proc: no such device"))
	if !strings.HasPrefix(got, "This node DID NOT COME UP") || !strings.Contains(got, "  mount proc on /proc: no such device") {
		t.Errorf("got:\n%s", got)
	}
}
