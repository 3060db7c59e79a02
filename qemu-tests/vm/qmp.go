package vm

import (
	"encoding/json"
	"fmt"
	"net"
	"syscall"
	"time"
)

// qmpTimeout bounds one command; QEMU answers from its main loop, in
// milliseconds when the host is quiet.
const qmpTimeout = 10 * time.Second

// PowerButton presses the ACPI power button.
func (m *VM) PowerButton() error {
	return m.qmp("system_powerdown", nil)
}

// Pause stops the machine's CPU, as a hypervisor does for a snapshot. Its clocks
// stand still meanwhile.
func (m *VM) Pause() error { return m.qmp("stop", nil) }

// Resume undoes Pause.
func (m *VM) Resume() error { return m.qmp("cont", nil) }

// Freeze keeps the machine from running while its clocks go on, as a host does that
// has no time for it.
func (m *VM) Freeze() error { return m.qemu.Process.Signal(syscall.SIGSTOP) }

// Thaw undoes Freeze.
func (m *VM) Thaw() error { return m.qemu.Process.Signal(syscall.SIGCONT) }

// Unplug takes the carrier from the guest's first NIC.
func (m *VM) Unplug() error { return m.setLink(0, false) }

// Replug undoes Unplug.
func (m *VM) Replug() error { return m.setLink(0, true) }

// UnplugCard is Unplug for the i-th of the Cards.
func (m *VM) UnplugCard(i int) error { return m.setLink(i+1, false) }

// ReplugCard undoes UnplugCard.
func (m *VM) ReplugCard(i int) error { return m.setLink(i+1, true) }

func (m *VM) setLink(i int, up bool) error {
	return m.qmp("set_link", map[string]any{"name": nth("nic", i), "up": up})
}

// Deafen drops every frame on its way to the guest, which keeps its carrier and
// can still send.
func (m *VM) Deafen() error { return m.divert("deaf", "tx") }

// Silence drops every frame that the guest sends; it can still receive.
func (m *VM) Silence() error { return m.divert("silent", "rx") }

// Undeafen undoes Deafen.
func (m *VM) Undeafen() error { return m.undivert("deaf") }

// Unsilence undoes Silence.
func (m *VM) Unsilence() error { return m.undivert("silent") }

// divert sends one direction of the netdev to a character device that nobody reads.
func (m *VM) divert(id, queue string) error {
	nowhere := map[string]any{"type": "null", "data": map[string]any{}}
	if err := m.qmp("chardev-add", map[string]any{"id": id + "-to", "backend": nowhere}); err != nil {
		return err
	}
	return m.qmp("object-add", map[string]any{
		"qom-type": "filter-redirector", "id": id, "netdev": "lan", "queue": queue, "outdev": id + "-to",
	})
}

func (m *VM) undivert(id string) error {
	if err := m.qmp("object-del", map[string]any{"id": id}); err != nil {
		return err
	}
	return m.qmp("chardev-remove", map[string]any{"id": id + "-to"})
}

// CtrlAltDel presses these keys on the machine's keyboard.
func (m *VM) CtrlAltDel() error {
	keys := []map[string]string{}
	for _, k := range []string{"ctrl", "alt", "delete"} {
		keys = append(keys, map[string]string{"type": "qcode", "data": k})
	}
	return m.qmp("send-key", map[string]any{"keys": keys})
}

// Screendump writes what the VGA screen shows to a file in the machine's
// directory, in PPM format, and returns its path.
func (m *VM) Screendump() (string, error) {
	path := m.path("screen.ppm")
	return path, m.qmp("screendump", map[string]any{"filename": path})
}

// qmp runs one command of the QEMU Machine Protocol over a connection of its
// own (QEMU's docs/interop/qmp-spec).
func (m *VM) qmp(command string, arguments map[string]any) error {
	conn, err := net.DialTimeout("unix", m.path("qmp"), qmpTimeout)
	if err != nil {
		return m.errorf("QMP "+command, err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(qmpTimeout))
	in, out := json.NewDecoder(conn), json.NewEncoder(conn)
	var greeting struct{ QMP json.RawMessage }
	if err := in.Decode(&greeting); err != nil {
		return m.errorf("QMP greeting", err)
	}
	if err := execute(in, out, "qmp_capabilities", nil); err != nil {
		return m.errorf("QMP qmp_capabilities", err)
	}
	if err := execute(in, out, command, arguments); err != nil {
		return m.errorf("QMP "+command, err)
	}
	return nil
}

func execute(in *json.Decoder, out *json.Encoder, command string, arguments map[string]any) error {
	request := map[string]any{"execute": command}
	if arguments != nil {
		request["arguments"] = arguments
	}
	if err := out.Encode(request); err != nil {
		return err
	}
	// Events may come before the reply.
	for {
		var reply struct {
			Event  string
			Return json.RawMessage
			Error  *struct{ Class, Desc string }
		}
		if err := in.Decode(&reply); err != nil {
			return err
		}
		if reply.Error != nil {
			return fmt.Errorf("%s: %s", reply.Error.Class, reply.Error.Desc)
		}
		if reply.Event == "" {
			return nil
		}
	}
}
