// Package vm runs virtual machines with QEMU, and what a test wants to do to
// them: read the serial console, press the power button, pull the plug.
//
// It owns the QEMU process. It knows nothing of what the guest is; the test
// hook (Hook) is the one thing that only a guest built for tests answers. QEMU
// emulates the CPU (TCG) always: /dev/kvm existing does not prove that it works.
package vm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"al.essio.dev/pkg/shellescape"

	"twinlb/qemu-tests/lab"
)

// Config is a machine with one CPU, a virtio RNG, a serial console and a VGA screen
// that nobody sees.
type Config struct {
	Name   string // also of the tap and of the directory under the lab's
	Type   string // QEMU's name of it; "" is q35
	MAC    string // of its first NIC
	Memory int    // MiB; 0 is 128

	// Kernel, if set, is started without firmware, with Initrd and Append.
	Kernel, Initrd, Append string
	UEFI                   bool // OVMF; otherwise SeaBIOS
	// Disk is booted when there is no Kernel. Its file is not changed: what the
	// guest writes is lost. It is qcow2 if its name says so.
	Disk string
	// Writes lets the machine change the file of the Disk, which must be its own.
	Writes  bool
	Storage string // QEMU's name of what the disk is or hangs on; "" is virtio-blk-pci
	NIC     string // QEMU's name of the NICs; "" is virtio-net-pci

	Watchdog string // QEMU's name of it, or itco for that of q35; "" is none

	Cards  []Card  // NICs after the first
	Drives []Drive // besides Disk
	Tagged bool    // the frames of the first NIC have the tag of lab.VLAN
	// Relayed lets VM.Cable spoil the frames of the first NIC on their way.
	Relayed bool

	Unplugged  bool  // starts without a carrier; Replug gives it one
	Unreadable int64 // byte of the disk whose sector gives a read error; 0 is none
}

// Card is a further NIC.
type Card struct {
	MAC string
	On  *lab.Segment // nil is that of the first NIC
}

// Drive is what is in a slot of the machine. Nothing is written to its file.
type Drive struct {
	File   string
	Device string // QEMU's name of it: ide-cd, scsi-cd, scsi-hd, nvme, virtio-blk-pci …
}

// VM is a machine that was started. It never reboots: a reset ends it.
type VM struct {
	Config
	Serial  *Serial
	PowerOn time.Time
	Port    *lab.Port  // of the switch
	Cable   *lab.Cable // of the first NIC, if it is Tagged or Relayed

	t      lab.T
	host   lab.Namespace // where QEMU runs
	dir    string
	qemu   *exec.Cmd
	exited chan struct{} // closed when QEMU has ended, after err is set
	err    error
}

// Plug puts a machine on the lab's switch, without power.
func Plug(t lab.T, l *lab.Lab, c Config) *VM {
	t.Helper()
	if c.Memory == 0 {
		c.Memory = 128
	}
	m := &VM{Config: c, t: t, host: l.Switch, dir: filepath.Join(l.Dir, c.Name)}
	switch {
	case c.Tagged:
		m.Cable = l.Trunk(c.Name)
	case c.Relayed:
		m.Cable = l.Cable(c.Name)
	default:
		m.Port = l.Tap(c.Name)
	}
	if m.Cable != nil {
		m.Port = m.Cable.Port
	}
	if err := os.Mkdir(m.dir, 0o755); err != nil {
		t.Fatalf("make the directory of machine %s: %v", c.Name, err)
	}
	if c.UEFI {
		if err := copyFile(m.path("vars.fd"), firmwareVars); err != nil {
			t.Fatalf("give machine %s its UEFI variables: %v", c.Name, err)
		}
	}
	if c.Unreadable > 0 { // QEMU's docs/devel/blkdebug
		rule := fmt.Sprintf("[inject-error]\nevent = \"read_aio\"\nerrno = \"5\"\nsector = \"%d\"\n", c.Unreadable/512)
		if err := os.WriteFile(m.path("unreadable"), []byte(rule), 0o644); err != nil {
			t.Fatalf("give machine %s a bad disk: %v", c.Name, err)
		}
	}
	for i, card := range c.Cards {
		segment := card.On
		if segment == nil {
			segment = l.Segment
		}
		segment.Tap(tap(c.Name, i+1))
	}
	t.Cleanup(m.cleanup)
	return m
}

// Start plugs in a machine and switches it on.
func Start(t lab.T, l *lab.Lab, c Config) *VM {
	t.Helper()
	m := Plug(t, l, c)
	m.Start()
	return m
}

// Start switches the machine on, for the first time or again.
func (m *VM) Start() {
	m.t.Helper()
	if m.Running() {
		m.t.Fatalf("start machine %s: it runs already", m.Name)
	}
	log, err := os.OpenFile(m.SerialLog(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		m.t.Fatalf("start machine %s: %v", m.Name, err)
	}
	m.qemu = m.host.Command(qemuProgram, m.options()...)
	m.PowerOn = time.Now()
	m.Serial = newSerial(log, m.PowerOn)
	m.qemu.Stdout, m.qemu.Stderr = m.Serial, m.Serial
	if err := m.qemu.Start(); err != nil {
		m.t.Fatalf("start machine %s: %v", m.Name, err)
	}
	m.exited, m.err = make(chan struct{}), nil
	go func() {
		m.err = m.qemu.Wait()
		m.Serial.close()
		log.Close()
		close(m.exited)
	}()
	if m.Unplugged { // its CPU waits for this
		lab.Await(m.t, time.Minute, "QEMU to pull the cable of "+m.Name, m.Unplug)
		if err := m.qmp("cont", nil); err != nil {
			m.t.Fatal(err)
		}
	}
}

// Running tells whether the machine is on.
func (m *VM) Running() bool {
	if m.exited == nil {
		return false
	}
	select {
	case <-m.exited:
		return false
	default:
		return true
	}
}

// WaitOff waits until the machine is off and fails the test if QEMU itself failed.
func (m *VM) WaitOff(limit time.Duration) {
	m.t.Helper()
	select {
	case <-m.exited:
		if m.err != nil {
			m.t.Errorf("machine %s: QEMU ended with %v, want exit status 0", m.Name, m.err)
		}
	case <-time.After(limit):
		m.t.Fatalf("waited %v for machine %s to switch itself off", limit, m.Name)
	}
}

// StaysOn fails the test if the machine switches itself off within the time.
func (m *VM) StaysOn(during time.Duration) {
	m.t.Helper()
	select {
	case <-m.exited:
		m.t.Errorf("machine %s did not stay on: QEMU ended (error %v)", m.Name, m.err)
	case <-time.After(during):
	}
}

// Kill takes the power away at once.
func (m *VM) Kill() {
	if m.exited == nil {
		return
	}
	m.qemu.Process.Kill()
	<-m.exited
}

// WaitSerial waits until a line on the serial console matches the regular
// expression and returns its submatches.
func (m *VM) WaitSerial(expression string, limit time.Duration) []string {
	m.t.Helper()
	match, err := m.Serial.wait(expression, limit)
	if err != nil {
		m.t.Fatalf("machine %s: %v", m.Name, err)
	}
	return match
}

// CommandLine is what a shell needs to start the machine again. Its network
// namespace is gone when the test is over: replace the netdev by
// "user,id=lan" or make a tap.
func (m *VM) CommandLine() string {
	return shellescape.QuoteCommand(append([]string{qemuProgram}, m.options()...))
}

func (m *VM) cleanup() {
	if m.t.Failed() && m.Serial != nil {
		m.report()
	}
	if m.Serial != nil {
		m.Serial.Unblock()
	}
	m.Kill()
}

func (m *VM) report() {
	screen := "off"
	if m.Running() {
		var err error
		if screen, err = m.Screendump(); err != nil {
			screen = err.Error()
		}
	}
	m.t.Logf("machine %s was started with:\n%s\nits screen: %s\nlast lines of its serial console (all: %s):\n%s",
		m.Name, m.CommandLine(), screen, m.SerialLog(), strings.Join(m.Serial.tail(40), "\n"))
}

// SerialLog is the file that gets each line of the serial console, after the
// seconds since power on.
func (m *VM) SerialLog() string { return m.path("serial.log") }

func (m *VM) path(name string) string { return filepath.Join(m.dir, name) }

func copyFile(to, from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

func (m *VM) errorf(doing string, err error) error {
	return fmt.Errorf("machine %s: %s: %w", m.Name, doing, err)
}
