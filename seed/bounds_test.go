package seed

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"twinlb/seed/strict"

	"golang.org/x/sys/unix"
)

// TestBadInputIsBounded gives each file what could cost a node its 64 MiB.
func TestBadInputIsBounded(t *testing.T) {
	const (
		longest  = time.Second
		greatest = 40 << 20 // allocated in all, of which most is free again
	)
	// full has nearly as many marks as a file may have.
	full := func(piece string, marks int) []byte { return bytes.Repeat([]byte(piece), (strict.MaxMarks-100)/marks) }
	nested := func(key string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "%s0: &a0 [x, x, x, x, x, x, x, x]\n", key)
		for i := range 20 {
			fmt.Fprintf(&b, "%s%d: &a%d [%s*a%d]\n", key, i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 7), i)
		}
		return b.String()
	}
	texts := map[string][]byte{
		"nothing":           {},
		"10 MiB":            bytes.Repeat([]byte("#"), 10<<20),
		"10 MiB of lines":   bytes.Repeat([]byte("\n"), 10<<20),
		"no UTF-8":          bytes.Repeat([]byte{0xe9}, strict.MaxSize),
		"no UTF-8, lines":   bytes.Repeat([]byte{0xe9, '\n'}, strict.MaxSize/2),
		"NUL":               make([]byte, strict.MaxSize),
		"commas":            bytes.Repeat([]byte("a,"), strict.MaxSize/2),
		"a list of commas":  append([]byte("["), full("a,", 1)...),
		"nested lists":      bytes.Repeat([]byte("["), 9999),
		"empty lists":       append([]byte("["), full("[],", 2)...),
		"items":             full("- ", 1),
		"keys":              full("a:\n", 2),
		"distinct keys":     distinctKeys(strict.MaxMarks/2 - 100),
		"one long line":     append([]byte("a: "), bytes.Repeat([]byte("x"), strict.MaxSize-3)...),
		"billion laughs":    []byte(nested("a")),
		"links":             []byte("version: 2\nethernets: {" + string(full("a: {},", 3)) + "}"),
		"addresses":         []byte("version: 2\nethernets: {a: {addresses: [" + string(full("x,", 1)) + "]}}"),
		"items of version1": []byte("version: 1\nconfig: [" + string(full("{type: physical},", 3)) + "]"),
	}
	for name, text := range texts {
		for file, files := range map[string]*Files{
			"user-data":      {UserData: append([]byte("#cloud-config\n"), text...)},
			"no user-data":   {UserData: text},
			"gzip":           {UserData: pack(t, append([]byte("#cloud-config\n"), text...))},
			"meta-data":      {UserData: []byte(base), MetaData: text},
			"network-config": {UserData: []byte(base), NetworkConfig: text},
			"vendor-data":    {UserData: []byte(base), VendorData: text},
		} {
			files.Name = "user-data"
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := cpuTime(t)
			_, err := files.Parse()
			if err != nil {
				_ = err.Error()
			}
			took := cpuTime(t) - began
			runtime.ReadMemStats(&after)
			spent := after.TotalAlloc - before.TotalAlloc
			t.Logf("%s as %s: %v, %d KiB", name, file, took, spent>>10)
			if took > longest || spent > greatest {
				t.Errorf("Parse of %s as %s took %v and %d KiB, want at most %v and %d KiB", name, file, took, spent>>10, longest, greatest>>10)
			}
			if empty := len(text) == 0 && !strings.Contains(file, "user-data") && file != "gzip"; (err == nil) != empty {
				t.Errorf("Parse of %s as %s = %.200v", name, file, err)
			}
		}
	}
}

// cpuTime is what this process has used so far, however busy the machine is.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func distinctKeys(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "k%d: x\n", i)
	}
	return b.Bytes()
}
