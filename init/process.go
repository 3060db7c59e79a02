package main

import (
	"fmt"
	"os"
	"time"

	"twinlb/init/supervise"
	"twinlb/services"
)

// process makes a supervised process of a service's data.
func (n *node) process(service services.Service) supervise.Process {
	log := n.log
	return supervise.Process{
		Name:        service.Name,
		Argv:        service.Argv,
		Chroot:      service.Root,
		UID:         service.UID,
		GID:         service.GID,
		AmbientCaps: service.Capabilities,
		StopSignal:  service.StopSignal,
		Grace:       service.Grace,
		Orphans:     service.Orphans,
		OOMScore:    service.OOMScore,
		Prepare: func() error {
			for _, path := range service.Stale {
				_ = os.Remove(path)
			}
			return place(service.Files)
		},
		Output: func(line string) { log(service.Name, "%s", line) },
		Exited: func(e supervise.Exit) {
			log(service.Name, "%s, after it had run for %s", e.Reason, e.Ran.Round(time.Millisecond))
		},
		Changed: func(s supervise.State) {
			if s.Phase == supervise.Waiting && s.Delay > 0 {
				log(service.Name, "starts again in %s (restart %d)", s.Delay, s.Restarts)
			}
			n.balancer.tellPeers()
		},
	}
}

// place makes the directories and files that a service needs.
func place(files []services.File) error {
	for _, f := range files {
		var err error
		if f.Mode.IsDir() {
			err = os.MkdirAll(f.Path, f.Mode.Perm())
		} else {
			err = os.WriteFile(f.Path, f.Data, f.Mode.Perm())
		}
		if err == nil {
			err = os.Chown(f.Path, int(f.UID), int(f.GID))
		}
		if err != nil {
			return fmt.Errorf("make %s: %w", f.Path, err)
		}
	}
	return nil
}
