package failover

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Track writes keepalived's track files. Its directory must exist before
// keepalived starts and stay the same: keepalived watches its inode.
type Track struct {
	Able, Preference string // paths

	written map[string]string
}

// Write tells keepalived whether the node may hold the VIP, and what is added to its
// priority, which takes a few milliseconds. What stands there already is not written
// again.
func (t *Track) Write(able bool, preference int) error {
	number := strconv.Itoa(preference)
	if !able {
		// Nothing else may delay that the VIP goes.
		return errors.Join(t.put(t.Able, "0"), t.put(t.Preference, number))
	}
	// The preference first: a node that becomes able does so with its right priority.
	if err := t.put(t.Preference, number); err != nil {
		return err
	}
	return t.put(t.Able, "1")
}

// put writes aside and renames, so that no half-written number is ever read.
func (t *Track) put(path, value string) error {
	if t.written[path] == value {
		return nil
	}
	aside := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	if err := os.WriteFile(aside, []byte(value+"\n"), 0o644); err != nil {
		return fmt.Errorf("tell keepalived %s = %s: %w", filepath.Base(path), value, err)
	}
	if err := os.Rename(aside, path); err != nil {
		return fmt.Errorf("tell keepalived %s = %s: %w", filepath.Base(path), value, err)
	}
	if t.written == nil {
		t.written = make(map[string]string)
	}
	t.written[path] = value
	return nil
}
