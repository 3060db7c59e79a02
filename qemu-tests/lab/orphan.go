package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// A namespace is called twinlb-PID-START-…, by its owner's process id and start
// time (proc(5), field 22 of stat), so that a pid used again is not taken for
// the owner.
const namePrefix = "twinlb-"

func ownerPrefix(pid int) (string, error) {
	start, err := startTime(pid)
	if err != nil {
		return "", fmt.Errorf("name namespaces by their owner: %w", err)
	}
	return fmt.Sprintf("%s%d-%s", namePrefix, pid, start), nil
}

// startTime is in clock ticks since boot. A process that does not exist is
// fs.ErrNotExist.
func startTime(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	// Field 2, the name in brackets, may itself hold blanks and brackets.
	afterName := string(stat[strings.LastIndexByte(string(stat), ')')+1:])
	return strings.Fields(afterName)[22-3], nil
}

// removeOrphans deletes the namespaces whose owner is dead.
func removeOrphans() error {
	entries, err := os.ReadDir("/run/netns")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for namespaces of dead test runs: %w", err)
	}
	for _, e := range entries {
		if !orphan(e.Name()) {
			continue
		}
		// Another run may be removing the same one.
		if err := run("ip", "netns", "delete", e.Name()); err != nil {
			if _, gone := os.Stat("/run/netns/" + e.Name()); gone == nil {
				return fmt.Errorf("remove the namespace of a dead test run: %w", err)
			}
		}
	}
	return nil
}

func orphan(name string) bool {
	rest, ours := strings.CutPrefix(name, namePrefix)
	part := strings.SplitN(rest, "-", 3)
	if !ours || len(part) < 3 {
		return false
	}
	pid, err := strconv.Atoi(part[0])
	if err != nil {
		return false
	}
	start, err := startTime(pid)
	return errors.Is(err, fs.ErrNotExist) || err == nil && start != part[1]
}
