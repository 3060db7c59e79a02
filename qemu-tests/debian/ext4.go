package debian

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// addFiles puts files, which root owns, into the ext4 file system at
// the offset of a disk. Their folders must be there, they must not.
func addFiles(disk string, offset int64, files []file) error {
	dir, err := os.MkdirTemp("", "debian-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var script strings.Builder
	for i, f := range files {
		from := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(from, f.content, f.mode()); err != nil {
			return err
		}
		fmt.Fprintf(&script, "cd \"/%s\"\nwrite \"%s\" \"%s\"\n", path.Dir(f.path), from, path.Base(f.path))
	}
	return debugfs(disk, offset, script.String())
}

// debugfs runs a script in debugfs(8). Its exit status says nothing.
func debugfs(disk string, offset int64, script string) error {
	command := exec.Command("debugfs", "-w", "-f", "-", fmt.Sprintf("%s?offset=%d", disk, offset))
	command.Stdin = strings.NewReader(script)
	var messages bytes.Buffer
	command.Stderr = &messages
	if err := command.Run(); err != nil {
		return fmt.Errorf("debugfs (package e2fsprogs): %w\n%s", err, messages.String())
	}
	if _, rest, _ := strings.Cut(messages.String(), "\n"); rest != "" { // behind the version
		return fmt.Errorf("debugfs: %s", strings.TrimSpace(rest))
	}
	return nil
}
