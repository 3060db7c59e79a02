package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"twinlb/init/status"
)

// memory is the node's; nothing when it is not known.
func memory() status.Memory {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return status.Memory{}
	}
	m, err := parseMemory(string(text))
	if err != nil {
		return status.Memory{}
	}
	return m
}

// parseMemory reads proc_meminfo(5), whose kB are 1024 bytes.
func parseMemory(text string) (m status.Memory, err error) {
	for name, bytes := range map[string]*uint64{"MemTotal:": &m.Total, "MemAvailable:": &m.Available} {
		_, rest, _ := strings.Cut(text, name)
		number, _, found := strings.Cut(rest, " kB\n")
		if !found {
			return status.Memory{}, fmt.Errorf("read the size of memory: no line %q with a number of kB", name)
		}
		kB, err := strconv.ParseUint(strings.TrimSpace(number), 10, 54)
		if err != nil {
			return status.Memory{}, fmt.Errorf("read the size of memory: %s %w", name, err)
		}
		*bytes = kB << 10
	}
	return m, nil
}
