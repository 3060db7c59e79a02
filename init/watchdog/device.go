package watchdog

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Where the kernel lists its timers (sysfs-class-watchdog) and has their devices.
const (
	sysfs = "/sys/class/watchdog"
	dev   = "/dev"
)

// What two of them call themselves: softdog.c, iTCO_wdt.c.
const (
	software = "Software Watchdog"
	chipset  = "iTCO_wdt"
)

// ErrNone is that there is no timer at all.
var ErrNone = errors.New("this machine has no watchdog")

// Devices are the timers of this machine that are armed, the best first.
type Devices []*device

type device struct {
	found
	timeout time.Duration
	file    *os.File
}

// found is a timer that is not armed.
type found struct {
	name string // as its driver says
	node string // in /dev
}

// Open arms all timers of the machine, and fails if it can arm none. A chipset's may do
// nothing (QEMU's, unless told otherwise), and the kernel's own does nothing once the
// kernel hangs: together they are as good as can be.
func Open() (Devices, error) {
	var armed Devices
	var failed []error
	for _, f := range find(sysfs) {
		d, err := f.arm()
		if err != nil {
			failed = append(failed, fmt.Errorf("arm the watchdog %s: %w", f.name, err))
			continue
		}
		armed = append(armed, d)
	}
	switch {
	case armed != nil:
		return armed, nil
	case failed != nil:
		return nil, errors.Join(failed...)
	}
	return nil, ErrNone
}

// find lists timers, those of the hardware first.
func find(sysfs string) (all []found) {
	identities, _ := filepath.Glob(filepath.Join(sysfs, "watchdog*", "identity"))
	for _, file := range identities {
		if text, err := os.ReadFile(file); err == nil {
			all = append(all, found{strings.TrimSpace(string(text)), filepath.Base(filepath.Dir(file))})
		}
	}
	last := []string{chipset, software}
	slices.SortStableFunc(all, func(a, b found) int {
		return cmp.Compare(slices.Index(last, a.name), slices.Index(last, b.name))
	})
	return all
}

// arm opens the device, which starts it (the kernel's watchdog-api.rst).
func (f found) arm() (*device, error) {
	file, err := os.OpenFile(filepath.Join(dev, f.node), os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	d := &device{found: f, file: file}
	seconds := int(Timeout / time.Second)
	if err := unix.IoctlSetPointerInt(int(file.Fd()), unix.WDIOC_SETTIMEOUT, seconds); err != nil {
		return nil, errors.Join(fmt.Errorf("set its time to %s: %w", Timeout, err), d.disarm())
	}
	// Some count in steps of their own.
	got, err := unix.IoctlGetUint32(int(file.Fd()), unix.WDIOC_GETTIMEOUT)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ask for its time: %w", err), d.disarm())
	}
	d.timeout = time.Duration(got) * time.Second
	return d, nil
}

// disarm is the magic close.
func (d *device) disarm() error {
	_, err := d.file.WriteString("V")
	return errors.Join(err, d.file.Close())
}

// Feed lets all begin anew.
func (all Devices) Feed() error {
	var failed []error
	for _, d := range all {
		if _, err := d.file.Write([]byte{0}); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", d.name, err))
		}
	}
	return errors.Join(failed...)
}

// Disarm stops all.
func (all Devices) Disarm() error {
	var failed []error
	for _, d := range all {
		if err := d.disarm(); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", d.name, err))
		}
	}
	return errors.Join(failed...)
}

// Software tells whether the kernel's own timer is all there is.
func (all Devices) Software() bool { return all[0].name == software }

// String is the best one's name and time, like: i6300ESB timer, 10 s.
func (all Devices) String() string {
	name := all[0].name
	if all.Software() {
		name = "kernel's timer"
	}
	return fmt.Sprintf("%s, %.0f s", name, all[0].timeout.Seconds())
}
