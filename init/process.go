package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"twinlb/init/supervise"
	"twinlb/services"
)

// process makes a supervised process of a service's data.
func (n *node) process(service services.Service) supervise.Process {
	return n.processWith(service, func() []services.File { return service.Files })
}

// processWith makes one that has other files at each start.
func (n *node) processWith(service services.Service, files func() []services.File) supervise.Process {
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
		RealTime:    service.RealTime,
		Prepare: func() error {
			for _, path := range service.Stale {
				_ = os.Remove(path)
			}
			return place(files())
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

// write puts a file in the place of the one that is there, which somebody may read.
func write(f services.File) error {
	aside := f.Path + ".new"
	_ = os.Remove(aside)
	if err := os.WriteFile(aside, f.Data, f.Mode.Perm()); err != nil {
		return err
	}
	if err := os.Chown(aside, int(f.UID), int(f.GID)); err != nil {
		return err
	}
	return os.Rename(aside, f.Path)
}

// placeForTrial makes what a service needs to look at its configuration, with that
// under another name, which it returns.
func placeForTrial(service services.Service, config string) (path string, err error) {
	files := slices.Clone(service.Files)
	for i := range files {
		if files[i].Path == config {
			path = config + ".trial"
			files[i].Path = path
		}
	}
	return path, place(files)
}

// place makes the directories and files that a service needs.
func place(files []services.File) error {
	for _, f := range files {
		var err error
		if f.Mode.IsDir() {
			err = os.MkdirAll(f.Path, f.Mode.Perm())
		} else {
			err = write(f)
		}
		if err == nil && f.Mode.IsDir() {
			err = os.Chown(f.Path, int(f.UID), int(f.GID))
		}
		if err != nil {
			return fmt.Errorf("make %s: %w", f.Path, err)
		}
	}
	return nil
}
