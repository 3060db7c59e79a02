//go:build vm

package qemutests

import (
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
)

func TestBoot(t *testing.T) {
	text := exampleSeed(t)
	raw := baker.Disk(t, images.Image{Seed: text, Node: "lb-a"})
	qcow2 := baker.Disk(t, images.Image{Seed: text, Node: "lb-a", Format: "qcow2"})
	tests := []struct {
		name   string
		config vm.Config
	}{
		{"direct", baker.Direct(t, raw, vm.Config{Disk: raw})},
		{"bios", vm.Config{Disk: raw, Memory: 64}},
		{"qcow2", vm.Config{Disk: qcow2}},
		{"uefi", vm.Config{Disk: raw, UEFI: true}},
	}
	s := newSite(t, text)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.config.Name, tt.config.MAC = tt.name, masterMAC
			node := s.FirstAnswer(t, masterService)
			vip := s.FirstAnswer(t, vipService)
			m := vm.Start(t, s.Lab, tt.config)
			t.Logf("from power on to the first query through the node %v, through the VIP %v",
				node().Sub(m.PowerOn).Round(time.Millisecond), vip().Sub(m.PowerOn).Round(time.Millisecond))
			expectNoFault(t, m)
			t.Logf("QEMU used %v of CPU time until then", cpuTime(t, m))
		})
	}
}

// TestHardware boots on what other hypervisors imitate. Hyper-V's devices are in
// the kernel too; QEMU has none of them.
func TestHardware(t *testing.T) {
	text := exampleSeed(t)
	disk := baker.Disk(t, images.Image{Seed: text, Node: "lb-a"})
	s := newSite(t, text)
	for _, tt := range []struct{ name, storage, nic string }{
		{"virtualbox", "ahci", "e1000"},
		{"vmware", "pvscsi", "vmxnet3"},
		{"nvme", "nvme", "e1000e"},
		{"proxmox", "virtio-scsi-pci", "virtio-net-pci"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			vm.Start(t, s.Lab, vm.Config{Name: tt.name, MAC: masterMAC, Disk: disk, Storage: tt.storage, NIC: tt.nic})
			s.AwaitAnswer(t, vipService)
		})
	}
}

// TestCableComesLate boots without a carrier. keepalived must wait for one: it
// would enter the fault state, and after that wait for a whole dead time.
func TestCableComesLate(t *testing.T) {
	text := exampleSeed(t)
	s := newSite(t, text)
	disk := baker.Disk(t, images.Image{Seed: text, Node: "lb-a"})
	m := vm.Start(t, s.Lab, vm.Config{Name: "lb-a", MAC: masterMAC, Disk: disk, Unplugged: true})
	m.WaitSerial("eth0 has no carrier", site.ComeUp)
	m.WaitSerial("may not hold the VIP +the network interface has no carrier", site.ComeUp) // HAProxy is ready
	m.StaysOn(time.Second)
	if err := m.Replug(); err != nil {
		t.Fatal(err)
	}
	s.AwaitAnswer(t, vipService)
	expectNoFault(t, m)
}

func expectNoFault(t *testing.T, m *vm.VM) {
	t.Helper()
	if strings.Contains(m.Serial.Text(), "FAULT STATE") {
		t.Error("keepalived entered the fault state while the node came up")
	}
}

func TestIdle(t *testing.T) {
	const during = 20 * time.Second
	p := startPair(t, images.Image{Seed: exampleSeed(t)})
	masterBefore, backupBefore := cpuTime(t, p.Master), cpuTime(t, p.Backup)
	p.Master.StaysOn(during)
	expectIdle(t, p.Master, cpuTime(t, p.Master)-masterBefore, during)
	expectIdle(t, p.Backup, cpuTime(t, p.Backup)-backupBefore, during)
}

// expectIdle has a bound that only a busy loop in the guest exceeds.
func expectIdle(t *testing.T, m *vm.VM, used, during time.Duration) {
	t.Helper()
	share := 100 * float64(used) / float64(during)
	t.Logf("%s uses %.1f %% of a core when idle", m.Name, share)
	if share > 30 {
		t.Errorf("%s uses %.1f %% of a core when idle, want a few: something is busy in it", m.Name, share)
	}
}

func cpuTime(t *testing.T, m *vm.VM) time.Duration {
	t.Helper()
	used, err := m.CPUTime()
	if err != nil {
		t.Fatal(err)
	}
	return used
}
