package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// order is what somebody outside wants of the whole node.
type order struct {
	from   string
	action int // for reboot(2)
}

// give tells PID 1 what to do with the node, unless it was told already.
func (n *node) give(o order) {
	select {
	case n.orders <- o:
	default:
	}
}

// listenForOrders hears signals from the start, and the power button once its
// device is there.
func (n *node) listenForOrders() {
	// Ctrl-Alt-Del becomes SIGINT instead of a reboot on the spot.
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_CAD_OFF)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		for s := range signals {
			if s == syscall.SIGINT {
				n.give(order{"Ctrl-Alt-Del", unix.LINUX_REBOOT_CMD_RESTART})
			} else {
				n.give(order{"SIGTERM", unix.LINUX_REBOOT_CMD_POWER_OFF})
			}
		}
	}()
	go watchPowerButtons(func() { n.give(order{"the power button", unix.LINUX_REBOOT_CMD_POWER_OFF}) })
}

// watchPowerButtons reads every input device there is; those that are no power
// button never send its key.
func watchPowerButtons(pressed func()) {
	const look = 500 * time.Millisecond
	watched := make(map[string]bool)
	// Devices appear during the first seconds, /dev itself a moment after the start.
	for range 20 {
		devices, _ := filepath.Glob("/dev/input/event*")
		for _, device := range devices {
			if watched[device] {
				continue
			}
			if file, err := os.Open(device); err == nil {
				watched[device] = true
				go readKeys(file, pressed)
			}
		}
		time.Sleep(look)
	}
}

// readKeys calls pressed for each KEY_POWER of an evdev device
// (linux/input-event-codes.h).
func readKeys(device *os.File, pressed func()) {
	defer device.Close()
	const (
		eventSize = 24 // struct input_event on 64-bit: timeval, type, code, value
		evKey     = 1
		keyPower  = 116
		down      = 1
	)
	buffer := make([]byte, 16*eventSize)
	for {
		size, err := device.Read(buffer)
		if err != nil {
			return
		}
		for event := buffer[:size]; len(event) >= eventSize; event = event[eventSize:] {
			if binary.LittleEndian.Uint16(event[16:]) == evKey &&
				binary.LittleEndian.Uint16(event[18:]) == keyPower &&
				binary.LittleEndian.Uint32(event[20:]) == down {
				pressed()
			}
		}
	}
}

// obey ends the node: the peer takes the VIP over first, then everything stops.
func (n *node) obey(o order) {
	verb := "powering off"
	if o.action == unix.LINUX_REBOOT_CMD_RESTART {
		verb = "rebooting"
	}
	n.log("shutdown", "%s, asked by %s", verb, o.from)
	if n.balancer != nil {
		n.balancer.stop(fmt.Sprintf("the node is %s, asked by %s", verb, o.from))
	}
	n.log("shutdown", "%s now", verb)
	n.consoles.Drain(500 * time.Millisecond)
	unix.Sync()
	err := unix.Reboot(o.action)
	n.log("shutdown", "%s failed: %v", verb, err)
	select {} // PID 1 must not end
}
