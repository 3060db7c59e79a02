package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"twinlb/qemu-tests/bench/report"
)

// begin notes when, on what and of what the measurements are.
func begin(r *report.Report) {
	r.Begin = time.Now()
	r.Load.Begin = loadAverage()
	r.Commit = firstLine("git", "describe", "--always", "--dirty")
	r.Machine = report.Machine{
		CPU:         value("/proc/cpuinfo", "model name", ":"),
		Cores:       runtime.NumCPU(),
		Kernel:      firstLine("uname", "-r"),
		OS:          strings.Trim(value("/etc/os-release", "PRETTY_NAME", "="), `"`),
		QEMU:        strings.TrimPrefix(firstLine("qemu-system-x86_64", "--version"), "QEMU emulator version "),
		Accelerator: "TCG",
	}
	var kib int
	fmt.Sscan(value("/proc/meminfo", "MemTotal", ":"), &kib)
	r.Machine.MemoryMiB = kib / 1024
}

func end(r *report.Report) {
	r.End = time.Now()
	r.Load.End = loadAverage()
}

func loadAverage() (load float64) {
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		fmt.Sscan(string(text), &load)
	}
	return load
}

// value returns what stands behind the key and the separator on a line of a file.
func value(file, key, separator string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		k, v, _ := strings.Cut(lines.Text(), separator)
		if strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func firstLine(program string, args ...string) string {
	out, err := exec.Command(program, args...).Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}
