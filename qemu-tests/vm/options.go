package vm

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"
)

// From the Debian packages qemu-system-x86 and ovmf.
const (
	qemuProgram  = "qemu-system-x86_64"
	firmwareCode = "/usr/share/OVMF/OVMF_CODE_4M.fd"
	firmwareVars = "/usr/share/OVMF/OVMF_VARS_4M.fd"
)

// hookPort is the name of the virtio serial port on which a guest built for
// tests answers; /sys/class/virtio-ports/*/name shows it in the guest.
const hookPort = "twinlb.test"

// options are QEMU's. The serial console is its standard output, so that the
// same line in a terminal shows the guest's console.
func (m *VM) options() []string {
	o := []string{
		"-name", m.Name,
		"-machine", "q35", "-accel", "tcg", "-smp", "1",
		"-m", fmt.Sprint(m.Memory),
		"-no-reboot", "-nodefaults", "-display", "none", "-vga", "std",
		"-chardev", "stdio,id=serial,signal=off", "-serial", "chardev:serial",
		"-qmp", "unix:" + m.path("qmp") + ",server=on,wait=off",
		"-netdev", "tap,id=lan,ifname=" + m.Name + ",script=no,downscript=no",
		"-device", cmp.Or(m.NIC, "virtio-net-pci") + ",id=nic,netdev=lan,romfile=,mac=" + m.MAC,
		"-device", "virtio-rng-pci",
		"-device", "virtio-serial-pci",
		"-chardev", "socket,id=hook,server=on,wait=off,path=" + m.path("hook"),
		"-device", "virtserialport,chardev=hook,name=" + hookPort,
	}
	if m.Unplugged {
		o = append(o, "-S")
	}
	if m.UEFI {
		o = append(o,
			"-drive", "if=pflash,format=raw,readonly=on,file="+firmwareCode,
			"-drive", "if=pflash,format=raw,file="+m.path("vars.fd"))
	}
	if m.Kernel != "" {
		o = append(o, "-kernel", m.Kernel, "-append", m.Append)
		if m.Initrd != "" {
			o = append(o, "-initrd", m.Initrd)
		}
	}
	if m.Disk != "" {
		format := "raw"
		if filepath.Ext(m.Disk) == ".qcow2" {
			format = "qcow2"
		}
		// A comma within an option is written twice (qemu-options).
		file := strings.ReplaceAll(m.Disk, ",", ",,")
		if m.Unreadable > 0 {
			file = "blkdebug:" + m.path("unreadable") + ":" + file
		}
		o = append(o,
			"-drive", "if=none,snapshot=on,id=disk,format="+format+",file="+file)
		o = append(o, m.storage()...)
	}
	return o
}

// storage is the devices that make the drive a disk of the machine.
func (m *VM) storage() []string {
	const drive = ",drive=disk,bootindex=1"
	switch m.Storage {
	case "ahci": // q35 has one
		return []string{"-device", "ide-hd" + drive}
	case "pvscsi", "virtio-scsi-pci":
		return []string{"-device", m.Storage, "-device", "scsi-hd" + drive}
	case "nvme":
		return []string{"-device", "nvme,serial=1" + drive}
	}
	return []string{"-device", cmp.Or(m.Storage, "virtio-blk-pci") + drive}
}
