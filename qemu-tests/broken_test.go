//go:build vm

package qemutests

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"twinlb/image/disk"
	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
	"twinlb/seed"
)

// A boot that must fail is read from the serial console: it is what the user
// sees. The rest of the verdict is that nothing answers, and that no reboot
// wipes the screen.

func TestBrokenSeed(t *testing.T) {
	good := baker.Disk(t, images.Image{Seed: exampleSeed(t), Node: "lb-a"})
	var line, column int
	broken := reseed(t, good, func(userData string) string {
		const key, typo = "advert_interval:", "advert_intervall:"
		before, _, _ := strings.Cut(userData, key)
		line = strings.Count(before, "\n") + 1
		column = len(before) - strings.LastIndex(before, "\n")
		return strings.Replace(userData, key, typo, 1)
	})
	expectFailedBoot(t, vm.Config{Disk: broken}, fmt.Sprintf(`user-data:%d:%d:.*advert_intervall`, line, column))
}

func TestEmptySeedPartition(t *testing.T) {
	good := baker.Disk(t, images.Image{Seed: exampleSeed(t), Node: "lb-a"})
	empty := reseed(t, good, func(string) string { return "" })
	expectFailedBoot(t, vm.Config{Disk: empty}, `no seed is baked into this image`)
}

func TestUnreadableSeedPartition(t *testing.T) {
	good := baker.Disk(t, images.Image{Seed: exampleSeed(t), Node: "lb-a"})
	content, err := disk.Read(good)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(content.Partitions, func(p disk.Partition) bool { return p.Name == seed.PartitionName })
	// The first sector is read by the kernel as well, when it looks for partitions.
	expectFailedBoot(t, vm.Config{Disk: good, Unreadable: content.Partitions[i].Offset + 1024}, `input/output error`)
}

func TestNoDisk(t *testing.T) {
	good := baker.Disk(t, images.Image{Seed: exampleSeed(t), Node: "lb-a"})
	expectFailedBoot(t, baker.Direct(t, good, vm.Config{}), `no partition is named `+seed.PartitionName)
}

// expectFailedBoot wants the problem on the screen, nothing that answers, and a
// machine that stays on until its power button is pressed.
func expectFailedBoot(t *testing.T, c vm.Config, problem string) {
	t.Helper()
	l := lab.New(t)
	s := &site.Site{Lab: l, Seed: exampleSite(t), Client: l.Host("client", clientAddress)}
	c.Name, c.MAC = "lb-a", masterMAC
	m := vm.Start(t, l, c)
	m.WaitSerial(problem, site.ComeUp)
	m.StaysOn(5 * time.Second)
	if got := s.Holders(t); len(got) != 0 {
		t.Errorf("%v claims the VIP, want nobody", got)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if conn, err := s.Client.Dial(ctx, "tcp", masterService.String()); err == nil {
		conn.Close()
		t.Errorf("%v answers, want a node that does not", masterService)
	}
	if err := m.PowerButton(); err != nil {
		t.Fatal(err)
	}
	m.WaitOff(time.Minute)
}
