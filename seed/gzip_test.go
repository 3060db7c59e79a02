package seed

import (
	"bytes"
	"compress/gzip"
	"runtime"
	"slices"
	"strings"
	"testing"

	"twinlb/seed/strict"
)

// pack compresses data as gzip does.
func pack(t testing.TB, data []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func TestParseUnpacks(t *testing.T) {
	half := len(base) / 2
	for name, data := range map[string][]byte{
		"one member":  pack(t, []byte(base)),
		"two members": slices.Concat(pack(t, []byte(base[:half])), pack(t, []byte(base[half:]))),
	} {
		pair, err := Parse("x", data)
		if err != nil || len(pair.Nodes) != 2 {
			t.Errorf("Parse of %s = %v, %v, want a pair", name, pair, err)
		}
	}
}

func TestParseRefusesPacked(t *testing.T) {
	good := pack(t, []byte(base))
	flipped := bytes.Clone(good)
	flipped[len(flipped)-6] ^= 1 // in the checksum
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"a script", pack(t, []byte("#!/bin/sh\n")), "1:1: this is a script"},
		{"MIME", pack(t, []byte("Content-Type: multipart/mixed\n")), "1:1: this is a MIME multipart message"},
		{"a template", pack(t, []byte("## template: jinja\n")), "1:1: this is a template"},
		{"nothing", pack(t, nil), "1:1: the file is empty"},
		{"a fault", pack(t, change(t, "lb-b", "lb_b")), `7:14: nodes[1].name: "lb_b" is not a host name`},
		{"twice", pack(t, good), "1:1: the file is compressed with gzip twice"},
		{"cut", good[:len(good)-9], "1:1: the file is compressed with gzip and cut short"},
		{"cut in the header", good[:5], "1:1: the file is compressed with gzip and cut short"},
		{"altered", flipped, "1:1: the file is compressed with gzip and damaged: gzip: invalid checksum"},
		{"more behind it", append(bytes.Clone(good), "#cloud-config\n"...), "1:1: the file is compressed with gzip and damaged: gzip: invalid header"},
	} {
		if _, err := Parse("x", test.data); err == nil || !strings.HasPrefix(err.Error(), "x:"+test.want) {
			t.Errorf("Parse of %s = %v, want x:%s…", test.name, err, test.want)
		}
	}
}

// TestParseBoundsUnpacking gives a file of 1 MiB that unfolds to 1 GiB.
func TestParseBoundsUnpacking(t *testing.T) {
	member := pack(t, make([]byte, 10<<20))
	bomb := bytes.Repeat(member, 100)
	if len(bomb) > strict.MaxSize {
		t.Fatalf("the bomb has %d bytes, want one that is read at all", len(bomb))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Parse("x", bomb)
	runtime.ReadMemStats(&after)
	if want := "x:1:1: the file is compressed with gzip and too big: it unpacks to more than 1048576 bytes"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("Parse = %.200v, want %s", err, want)
	}
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 16<<20 {
		t.Errorf("Parse allocated %d MiB in all, want no more than some of the size of a file", spent>>20)
	}
}
