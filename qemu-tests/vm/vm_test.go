package vm

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/sandbox"
)

func startGuest(t *testing.T) *VM {
	t.Helper()
	if _, err := exec.LookPath(qemuProgram); err != nil {
		t.Skip("needs the Debian package qemu-system-x86: ", err)
	}
	m := Start(t, lab.New(t), Config{Name: "lb-a", MAC: "52:54:00:00:00:53", Memory: 16, Disk: guestDisk(t)})
	m.WaitSerial("^"+guestGreeting+"$", 20*time.Second)
	return m
}

func TestMain(m *testing.M) { sandbox.Main(m) }

func TestPowerButton(t *testing.T) {
	m := startGuest(t)
	used, err := m.CPUTime()
	if err != nil || used <= 0 || used > 20*time.Second {
		t.Errorf("CPU time of QEMU is %v, error %v, want a little", used, err)
	}
	if err := m.PowerButton(); err != nil {
		t.Fatal(err)
	}
	m.WaitOff(10 * time.Second)
	if m.Running() {
		t.Error("the machine runs after it has switched itself off")
	}
}

func TestKillAndStartAgain(t *testing.T) {
	m := startGuest(t)
	m.Kill()
	if m.Running() {
		t.Error("the machine runs without power")
	}
	m.Start()
	m.WaitSerial("^"+guestGreeting+"$", 20*time.Second)
	m.Kill()
	log, err := os.ReadFile(m.path("serial.log"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(log), guestGreeting); n != 2 {
		t.Errorf("the log has the greeting %d times after two boots, want 2:\n%s", n, log)
	}
}

func TestQMP(t *testing.T) {
	m := startGuest(t)
	for name, do := range map[string]func() error{
		"unplug": m.Unplug, "replug": m.Replug, "ctrl-alt-del": m.CtrlAltDel,
	} {
		if err := do(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	path, err := m.Screendump()
	if err != nil {
		t.Fatal(err)
	}
	if picture, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(picture, []byte("P6\n")) {
		t.Errorf("screendump is not a PPM picture (error %v)", err)
	}
	err = m.qmp("set_link", map[string]any{"name": "no such NIC", "up": true})
	if err == nil || !strings.Contains(err.Error(), "DeviceNotFound") {
		t.Errorf("unplug a NIC that does not exist: got error %v, want DeviceNotFound", err)
	}
}

func TestWaitSerialNamesWhatWasAwaited(t *testing.T) {
	m := startGuest(t)
	_, err := m.Serial.wait("VIP 192.168.100.60", time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), `"VIP 192.168.100.60"`) {
		t.Errorf("got error %v, want one that names the expression", err)
	}
	m.Kill()
	_, err = m.Serial.wait("VIP", 10*time.Second)
	if err == nil || !strings.Contains(err.Error(), "QEMU ended") {
		t.Errorf("got error %v, want one that says that QEMU ended", err)
	}
}

func TestCommandLine(t *testing.T) {
	base := "qemu-system-x86_64 -name lb-a -machine q35 -accel tcg -smp 1 -m 64 -no-reboot -nodefaults -display none -vga std " +
		"-chardev stdio,id=serial,signal=off -serial chardev:serial -qmp unix:DIR/qmp,server=on,wait=off " +
		"-netdev tap,id=lan,ifname=lb-a,script=no,downscript=no " +
		"-device virtio-net-pci,id=nic,netdev=lan,romfile=,mac=52:54:00:00:00:53 -device virtio-rng-pci -device virtio-serial-pci " +
		"-chardev socket,id=hook,server=on,wait=off,path=DIR/hook -device virtserialport,chardev=hook,name=twinlb.test"
	tests := []struct {
		name   string
		config Config
		want   string
	}{
		{"direct", Config{Kernel: "bzImage", Initrd: "initrd", Append: "quiet console=ttyS0", Disk: "a.img"},
			" -kernel bzImage -append 'quiet console=ttyS0' -initrd initrd" +
				" -drive if=none,snapshot=on,id=disk,format=raw,file=a.img -device virtio-blk-pci,drive=disk,bootindex=1"},
		{"words of a shell", Config{Kernel: "~/bzImage", Initrd: "it's", Append: "#1"},
			` -kernel '~/bzImage' -append '#1' -initrd 'it'"'"'s'`},
		{"BIOS", Config{Disk: "a,b.qcow2"},
			" -drive if=none,snapshot=on,id=disk,format=qcow2,file=a,,b.qcow2 -device virtio-blk-pci,drive=disk,bootindex=1"},
		{"UEFI", Config{UEFI: true},
			" -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd -drive if=pflash,format=raw,file=DIR/vars.fd"},
		{"drives", Config{Drives: []Drive{{"a,b.iso", "ide-cd"}, {"c.img", "scsi-hd"}, {"d.img", "nvme"}}},
			" -drive if=none,readonly=on,snapshot=off,id=drive0,format=raw,file=a,,b.iso -device ide-cd,drive=drive0" +
				" -drive if=none,readonly=off,snapshot=on,id=drive1,format=raw,file=c.img -device virtio-scsi-pci,id=scsidrive1 -device scsi-hd,drive=drive1,bus=scsidrive1.0" +
				" -drive if=none,readonly=off,snapshot=on,id=drive2,format=raw,file=d.img -device nvme,drive=drive2,serial=drive2"},
	}
	for _, tt := range tests {
		tt.config.Name, tt.config.MAC, tt.config.Memory = "lb-a", "52:54:00:00:00:53", 64
		m := &VM{Config: tt.config, dir: "DIR"}
		if diff := cmp.Diff(base+tt.want, m.CommandLine()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
