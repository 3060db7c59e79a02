package main

import (
	"fmt"
	"os"

	"twinlb/init/console"
	"twinlb/init/kmsg"
)

// heedKernel keeps what the kernel warns of, and shows what the kernel does not show
// itself.
func (n *node) heedKernel() {
	const subject = "kernel"
	shown := kernelShows()
	began := console.Uptime()
	err := kmsg.Follow(func(r kmsg.Record) {
		if r.Level < shown || r.At < began {
			n.journal.Add(subject, r.Text)
			return
		}
		n.log(subject, "%s", r.Text)
	})
	n.log(subject, "%v", err)
}

// kernelShows is the level below which the kernel writes to the consoles: proc(5),
// /proc/sys/kernel/printk.
func kernelShows() (level int) {
	printk, err := os.ReadFile("/proc/sys/kernel/printk")
	if err == nil {
		_, _ = fmt.Sscan(string(printk), &level)
	}
	return level
}
