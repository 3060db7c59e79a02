package lab

import (
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Port is a port of the switch, and the cable in it.
type Port struct {
	Name string
	lab  *Lab
}

// Cut takes the carrier from both ends of a host's cable. A virtual machine's
// tap stops passing frames, but the guest sees its carrier go only when QEMU
// tells it so (QMP set_link).
func (p *Port) Cut() error {
	return run("ip", "-n", p.lab.Switch.Name, "link", "set", p.Name, "down")
}

// Plug undoes Cut.
func (p *Port) Plug() error {
	return run("ip", "-n", p.lab.Switch.Name, "link", "set", p.Name, "up")
}

// Mute drops frames in both directions while both ends keep their carrier.
func (p *Port) Mute() error { return p.setState("disabled") }

// Unmute undoes Mute.
func (p *Port) Unmute() error { return p.setState("forwarding") }

// setState sets the spanning tree state of the port (bridge(8)).
func (p *Port) setState(state string) error {
	return run("bridge", "-n", p.lab.Switch.Name, "link", "set", "dev", p.Name, "state", state)
}

func (p *Port) awaitForwarding() {
	p.lab.t.Helper()
	Await(p.lab.t, 5*time.Second, "port "+p.Name+" of the switch to forward", func() error {
		out, err := exec.Command("bridge", "-n", p.lab.Switch.Name, "link", "show", "dev", p.Name).Output()
		if err != nil {
			return err
		}
		if !strings.Contains(string(out), "state forwarding") {
			return fmt.Errorf("bridge shows: %s", out)
		}
		return nil
	})
}
