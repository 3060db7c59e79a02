package lab

import (
	"os"
)

// workDir makes a directory that is removed when the test is green and named
// in its log when it is red. Its path is short: it holds unix sockets, whose
// path must fit into 108 bytes (unix(7)).
func workDir(t T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "twinlb-")
	if err != nil {
		t.Fatalf("make the work directory: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("work directory kept: %s", dir)
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove the work directory: %v", err)
		}
	})
	return dir
}
