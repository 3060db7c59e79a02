package vm

import (
	"os"
	"path/filepath"
	"testing"
)

// guestGreeting is what the guest of these tests says on its serial console.
const guestGreeting = "waiting for the power button"

// guest is a boot sector that greets and switches the machine off when the
// power button is pressed, by the ACPI registers of QEMU's q35 (PM1 event block
// at 0x600, control block at 0x604).
var guest = []byte{
	0xfa,       // cli
	0x31, 0xc0, // xor ax, ax
	0x8e, 0xd8, // mov ds, ax
	0xba, 0x02, 0x06, // mov dx, 0x602: PM1 enable
	0xb8, 0x00, 0x01, // mov ax, 0x100: power button
	0xef,             // out dx, ax
	0xbe, 0x40, 0x7c, // mov si, 0x7c40: the greeting
	0xba, 0xf8, 0x03, // mov dx, 0x3f8: COM1
	0xac,       // next: lodsb
	0x84, 0xc0, // test al, al
	0x74, 0x03, // jz greeted
	0xee,       // out dx, al
	0xeb, 0xf8, // jmp next
	0xba, 0x00, 0x06, // greeted: mov dx, 0x600: PM1 status
	0xed,             // poll: in ax, dx
	0xf6, 0xc4, 0x01, // test ah, 1: power button
	0x74, 0xfa, // jz poll
	0xba, 0x04, 0x06, // mov dx, 0x604: PM1 control
	0xb8, 0x00, 0x20, // mov ax, 0x2000: sleep enable, type S5
	0xef, // out dx, ax
	0xf4, // hlt
}

// guestDisk writes a disk that boots the guest under BIOS.
func guestDisk(t *testing.T) string {
	t.Helper()
	disk := make([]byte, 1<<20)
	copy(disk, guest)
	copy(disk[0x40:], guestGreeting+"\r\n")
	disk[510], disk[511] = 0x55, 0xaa
	path := filepath.Join(t.TempDir(), "guest.img")
	if err := os.WriteFile(path, disk, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
