package main

import (
	"os"
	"syscall"
	"time"

	"twinlb/qemu-tests/bench/report"
	"twinlb/qemu-tests/lab"
)

func (b *bench) sizes(s system) {
	section := b.report.Section("sizes")
	disk := section.Row("disk, what it takes on the host", report.Bytes).Column(s.name())
	try(disk, func(t lab.T) {
		got := s.sizes(t)
		disk.Add(float64(got.disk))
		section.Row("kernel", report.Bytes).Column(s.name()).Add(float64(got.kernel))
		section.Row("initramfs", report.Bytes).Column(s.name()).Add(float64(got.initramfs))
	})
}

func (b *bench) build(s system) {
	cell := b.report.Section("build").Row("disk of a node, caches warm", report.Seconds).Column(s.name())
	try(cell, func(t lab.T) {
		for range b.runs {
			began := time.Now()
			s.build(t)
			cell.AddDuration(time.Since(began))
		}
	})
}

// size is what a file takes on disk: an image has holes.
func size(t lab.T, file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Blocks * 512
}
