//go:build testhook

package main

import (
	"os"
	"strconv"
	"syscall"
)

// burn is this program as a process that takes all the CPU it gets.
const burn = "burn"

func init() {
	if len(os.Args) == 2 && os.Args[1] == burn {
		for spins := 0; ; {
			spins++
		}
	}
}

// burning are the processes that do so.
var burning []int

// burn has so many processes burn the CPU, instead of those that do.
func (n *node) burn(count string) error {
	processes, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	for _, pid := range burning {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return err
		}
	}
	burning = nil
	const nobody = 65534
	for range processes {
		pid, _, err := n.reaper.Start([]string{"/init", burn}, &syscall.ProcAttr{
			Sys: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}},
		})
		if err != nil {
			return err
		}
		burning = append(burning, pid)
	}
	return nil
}

// wedge leaves the decision locked for ever, as a panic does that is caught by
// whoever had asked for it.
func (n *node) wedge() {
	defer func() { _ = recover() }()
	n.balancer.controller.PeerSaid(nil)
}
