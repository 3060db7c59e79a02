package seed

import (
	"bytes"
	"testing"
)

func TestDigest(t *testing.T) {
	// The first digits of what sha256sum prints for no input.
	if got, want := Digest(nil), "e3b0c44298fc"; got != want {
		t.Errorf("Digest = %s, want %s", got, want)
	}
	if got, want := Digest(pack(t, []byte(base))), Digest([]byte(base)); got != want {
		t.Errorf("Digest of compressed user-data = %s, want that of the text, %s", got, want)
	}
	damaged := pack(t, []byte(base))[:40]
	if got, other := Digest(damaged), Digest(bytes.Clone(damaged[:39])); got == other {
		t.Errorf("Digest of two damaged files = %s, want two", got)
	}
}
