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
		"-machine", cmp.Or(m.Type, "q35"), "-accel", "tcg", "-smp", "1",
		"-m", fmt.Sprint(m.Memory),
		"-no-reboot", "-nodefaults", "-display", "none", "-vga", "std",
		"-chardev", "stdio,id=serial,signal=off", "-serial", "chardev:serial",
		"-qmp", "unix:" + m.path("qmp") + ",server=on,wait=off",
	}
	o = append(o, m.card(0, m.MAC)...)
	for i, c := range m.Cards {
		o = append(o, m.card(i+1, c.MAC)...)
	}
	o = append(o,
		"-device", "virtio-rng-pci",
		"-device", "virtio-serial-pci",
		"-chardev", "socket,id=hook,server=on,wait=off,path="+m.path("hook"),
		"-device", "virtserialport,chardev=hook,name="+hookPort)
	switch m.Watchdog {
	case "":
	case "itco":
		o = append(o, "-global", "ICH9-LPC.noreboot=false")
	default:
		o = append(o, "-device", m.Watchdog)
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
		file := optionValue(m.Disk)
		if m.Unreadable > 0 {
			file = "blkdebug:" + m.path("unreadable") + ":" + file
		}
		snapshot := "on"
		if m.Writes {
			snapshot = "off"
		}
		o = append(o,
			"-drive", "if=none,snapshot="+snapshot+",id=disk,format="+format+",file="+file)
		o = append(o, m.storage()...)
	}
	for i, d := range m.Drives {
		o = append(o, m.drive(i, d)...)
	}
	return o
}

// card is the i-th NIC and what its cable is plugged into.
func (m *VM) card(i int, mac string) []string {
	cable := fmt.Sprintf("tap,id=%s,ifname=%s,script=no,downscript=no", nth("lan", i), tap(m.Name, i))
	if i == 0 && m.Cable != nil {
		cable = "stream,id=lan,server=off,addr.type=unix,addr.path=" + m.Cable.Socket
	}
	return []string{
		"-netdev", cable,
		"-device", fmt.Sprintf("%s,id=%s,netdev=%s,romfile=,mac=%s", cmp.Or(m.NIC, "virtio-net-pci"), nth("nic", i), nth("lan", i), mac),
	}
}

// tap is the name of the tap device of the machine's i-th NIC.
func tap(machine string, i int) string { return nth(machine, i) }

func nth(name string, i int) string {
	if i == 0 {
		return name
	}
	return fmt.Sprint(name, i+1)
}

// drive is the i-th of the Drives.
func (m *VM) drive(i int, d Drive) []string {
	id := fmt.Sprintf("drive%d", i)
	o := []string{"-drive", fmt.Sprintf("if=none,readonly=%s,snapshot=%s,id=%s,format=raw,file=%s",
		onOff(isCD(d.Device)), onOff(!isCD(d.Device)), id, optionValue(d.File))}
	device := d.Device + ",drive=" + id
	switch {
	case strings.HasPrefix(d.Device, "scsi-"):
		o = append(o, "-device", "virtio-scsi-pci,id=scsi"+id)
		device += ",bus=scsi" + id + ".0"
	case d.Device == "nvme":
		device += ",serial=" + id
	case strings.HasPrefix(d.Device, "ide-") && m.Type == "pc": // Proxmox's ide2
		device += ",bus=ide.1,unit=0"
	}
	return append(o, "-device", device)
}

func isCD(device string) bool { return strings.HasSuffix(device, "-cd") }

func onOff(is bool) string {
	if is {
		return "on"
	}
	return "off"
}

// optionValue writes a comma within an option twice (qemu-options).
func optionValue(file string) string { return strings.ReplaceAll(file, ",", ",,") }

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
