//go:build vm

package qemutests

import (
	"fmt"
	"strings"
	"testing"

	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/vm"
)

// TestShippedImageHasNoHook looks in PID 1 for where the hook's port would be.
func TestShippedImageHasNoHook(t *testing.T) {
	const ports = "/sys/class/virtio-ports"
	for _, hook := range []bool{true, false} {
		file := baker.Disk(t, images.Image{Seed: exampleSeed(t), Node: "lb-a", Hook: hook})
		if got := strings.Contains(baker.Twinlb(t, "cat", file, "root/init"), ports); got != hook {
			t.Errorf("PID 1 of the image with hook=%v knows %s: %v, want %v", hook, ports, got, hook)
		}
	}
}

// TestConfinement looks at what the services may do in a running node.
func TestConfinement(t *testing.T) {
	text := withLogin(t, exampleSeed(t))
	s := newSite(t, text)
	m := vm.Start(t, s.Lab, vm.Config{Name: "lb-a", MAC: masterMAC, Disk: baker.Disk(t, images.Image{Seed: text, Node: "lb-a", Hook: true})})
	s.AwaitAnswer(t, vipService)
	s.expectSSH(t, masterService, "services", 0)

	const netAdminAndRaw = "0000000000003000" // capabilities(7): bits 12 and 13
	seen := make(map[string]int)
	for line := range strings.Lines(hook(t, m, "processes")) {
		var pid, parent int
		var name string
		fmt.Sscan(line, &pid, &parent, &name)
		if name == "init" && pid > 1 { // the same program, told what to be
			_, name, _ = strings.Cut(strings.Trim(hook(t, m, fmt.Sprintf("file /proc/%d/cmdline", pid)), "\x00"), "\x00")
		}
		want := map[string]map[string]string{
			"admin":      {"Uid": "102", "CapEff": "0000000000000000", "CapPrm": "0000000000000000", "NoNewPrivs": "1"},
			"metrics":    {"Uid": "104", "CapEff": "0000000000000000", "CapPrm": "0000000000000000", "NoNewPrivs": "1"},
			"haproxy":    {"Uid": "100", "CapEff": "0000000000000000", "CapPrm": "0000000000000000", "NoNewPrivs": "1"},
			"keepalived": {"Uid": "101", "CapEff": netAdminAndRaw, "CapPrm": netAdminAndRaw, "NoNewPrivs": "1"},
		}[name]
		if want == nil {
			continue
		}
		seen[name]++
		status := hook(t, m, fmt.Sprintf("file /proc/%d/status", pid))
		for key, value := range want {
			_, rest, _ := strings.Cut(status, "\n"+key+":\t")
			if got, _, _ := strings.Cut(rest, "\n"); strings.Fields(got)[0] != value {
				t.Errorf("%s of %s (%d) is %s, want %s", key, name, pid, got, value)
			}
		}
	}
	if seen["haproxy"] != 2 || seen["keepalived"] != 2 || seen["admin"] != 1 || seen["metrics"] != 1 {
		t.Errorf("got %v, want two processes of haproxy and keepalived, the login and the metrics", seen)
	}
	if mounts := hook(t, m, "file /proc/mounts"); !strings.Contains(mounts, "rootfs / rootfs ro") {
		t.Errorf("the root file system can be written to:\n%s", mounts)
	}
}
