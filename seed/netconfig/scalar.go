package netconfig

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"twinlb/seed/strict"
)

// What the text of a value of a network-config must look like.

// maxLinks is how many links of a kind a machine may have.
const maxLinks = 64

// mtu parses the size of a packet in bytes. IPv4 hosts must be able to take 576
// (RFC 791); IPv6 needs 1280, see checkLinks.
func mtu(text string) (int, error) {
	n, err := strict.Decimal(text, 576, 65535)
	if err != nil {
		return 0, fmt.Errorf("is not an MTU in bytes, %w", err)
	}
	return n, nil
}

func metric(text string) (int, error) {
	n, err := strict.Decimal(text, 0, 1<<31-1)
	if err != nil {
		return 0, fmt.Errorf("is not a metric, %w", err)
	}
	return n, nil
}

// vlanTag parses a VLAN ID (IEEE 802.1Q §9.6).
func vlanTag(text string) (int, error) {
	n, err := strict.Decimal(text, 1, 4094)
	if err != nil {
		return 0, fmt.Errorf("is not a VLAN ID, %w", err)
	}
	return n, nil
}

// gratuity parses num_grat_arp of a bond (bonding.rst of Linux).
func gratuity(text string) (int, error) {
	n, err := strict.Decimal(text, 1, 255)
	if err != nil {
		return 0, fmt.Errorf("is not a number of gratuitous ARPs, %w", err)
	}
	return n, nil
}

// usualMonitor is the time between two looks at the links of a bond's members. The
// kernel's default is never, which is no bond.
const usualMonitor = 100 * time.Millisecond

// monitorInterval parses miimon of a bond (bonding.rst of Linux).
func monitorInterval(text string) (time.Duration, error) {
	d, err := milliseconds(text)
	if err == nil && d < 10*time.Millisecond {
		err = errors.New("is less than 10 ms; a bond must look at its links, and that often is often enough")
	}
	return d, err
}

// milliseconds parses a time of a bond, which has that unit when none is written.
func milliseconds(text string) (time.Duration, error) {
	const most = 10 * time.Second
	if n, err := strict.Decimal(text, 0, int(most/time.Millisecond)); err == nil {
		return time.Duration(n) * time.Millisecond, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > most || d%time.Millisecond != 0 {
		return 0, errors.New("is not a time in milliseconds, up to 10000")
	}
	return d, nil
}

// truth parses a boolean as YAML 1.1 has it, which cloud-init and netplan go by.
func truth(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "on":
		return true, nil
	case "false", "no", "off":
		return false, nil
	}
	return false, errors.New("is neither true nor false")
}
