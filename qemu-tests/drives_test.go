//go:build vm

package qemutests

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/vm"
)

// files are those of a NoCloud drive, by their names.
type files map[string]string

// write puts them into a folder of their own.
func (f files) write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range f {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// tool runs a program in the folder.
func tool(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	command := exec.Command(name, args...)
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", command, err, out)
	}
}

// isoOf makes a drive as those do that call genisoimage.
func isoOf(t *testing.T, f files, options ...string) string {
	t.Helper()
	dir := f.write(t)
	args := append([]string{"-quiet", "-o", "seed.iso", "-V", "cidata"}, options...)
	for name := range f {
		args = append(args, name)
	}
	tool(t, dir, "genisoimage", args...)
	return filepath.Join(dir, "seed.iso")
}

// localds makes a drive with Debian's cloud-localds.
func localds(t *testing.T, f files, format string) string {
	t.Helper()
	dir := f.write(t)
	args := []string{"--filesystem", format}
	if f["network-config"] != "" {
		args = append(args, "--network-config", "network-config")
	}
	tool(t, dir, "cloud-localds", append(args, "seed.img", "user-data", "meta-data")...)
	return filepath.Join(dir, "seed.img")
}

// ours makes a drive with twinlb.
func ours(t *testing.T, text, node, format string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cidata."+format)
	baker.Twinlb(t, "seed", baker.SeedFile(t, text), "--node", node, "--format", format, "-o", file)
	return file
}

const metaDataA = "instance-id: iid-1\nlocal-hostname: lb-a\n"

// proxmoxNetwork is what Proxmox VE 8 writes for `qm set --ipconfig0 ip=…,gw=…
// --nameserver … --searchdomain …`.
const proxmoxNetwork = `version: 1
config:
    - type: physical
      name: eth0
      mac_address: '52:54:00:00:00:53'
      subnets:
      - type: static
        address: '192.168.100.53'
        netmask: '255.255.255.0'
        gateway: '192.168.100.1'
    - type: nameserver
      address:
      - '192.168.100.1'
      search:
      - 'example.org'
`

// TestSeedDrives boots one image without a seed with what people's tools make.
func TestSeedDrives(t *testing.T) {
	text := withLogin(t, exampleSeed(t))
	disk := baker.Disk(t, images.Image{})
	s := newSite(t, text)
	for i, tt := range []struct {
		name, machine, device, file, said string
	}{
		{"cloud-localds", "", "ide-cd", localds(t, files{"user-data": text, "meta-data": metaDataA}, "iso"), "iso9660"},
		{"cloud-localds, vfat", "", "virtio-blk-pci", localds(t, files{"user-data": text, "meta-data": metaDataA}, "vfat"), "vfat"},
		{"proxmox", "pc", "ide-cd", isoOf(t, files{"user-data": text, "meta-data": "instance-id: 8e2f\n", "network-config": proxmoxNetwork, "vendor-data": ""},
			"-iso-level", "3", "-R"), "iso9660"},
		{"libvirt", "", "ide-cd", isoOf(t, files{"user-data": text, "meta-data": metaDataA}, "-J", "-r"), "iso9660"},
		{"twinlb seed", "", "scsi-cd", ours(t, text, "lb-a", "iso"), "iso9660"},
		{"twinlb seed, vfat", "", "nvme", ours(t, text, "lb-a", "vfat"), "vfat"},
		{"twinlb seed, vfat on SCSI", "", "scsi-hd", ours(t, text, "lb-a", "vfat"), "vfat"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := vm.Start(t, s.Lab, vm.Config{
				Name: fmt.Sprint("lb-a-", i), Type: tt.machine, MAC: masterMAC, Disk: disk,
				Drives: []vm.Drive{{File: tt.file, Device: tt.device}},
			})
			s.AwaitAnswer(t, vipService)
			m.WaitSerial(`lb-a is the master, .*`+tt.said, time.Second)
			if strings.HasPrefix(tt.name, "twinlb") { // it has the keys
				s.expectSSH(t, masterService, "status", 1) // the other node is off
			}
		})
	}
}

// TestSeedDriveReplacesTheBakedSeed has an address in each that the other has not.
func TestSeedDriveReplacesTheBakedSeed(t *testing.T) {
	baked := exampleSeed(t)
	text := exampleSeed(t, "192.168.100.60", "192.168.100.61")
	s := newSite(t, text)
	m := vm.Start(t, s.Lab, vm.Config{
		Name: "lb-b", MAC: "52:54:00:00:00:54", Disk: baker.Disk(t, images.Image{Seed: baked, Node: "lb-b"}),
		// No hostname: the role that was baked tells which node this is.
		Drives: []vm.Drive{{File: localds(t, files{"user-data": text, "meta-data": "instance-id: 1\n"}, "iso"), Device: "ide-cd"}},
	})
	s.AwaitAnswer(t, s.VIP())
	if got, err := s.Client.WhoHas(vipService.Addr(), 200*time.Millisecond); err != nil || len(got) > 0 {
		t.Errorf("%v (error %v) claims the VIP of the baked seed, want nobody", got, err)
	}
	m.WaitSerial(`lb-b is the backup, from the seed [0-9a-f]{12} on /dev/sr0`, time.Second)
}

// TestWrongSeedDrives wants each named on the console soon, nothing that answers,
// and a machine that its power button still switches off.
func TestWrongSeedDrives(t *testing.T) {
	text := exampleSeed(t)
	disk := baker.Disk(t, images.Image{Seed: text, Node: "lb-a"}) // what is baked must not be used
	damaged := isoOf(t, files{"user-data": text, "meta-data": metaDataA}, "-J", "-r")
	spoil(t, damaged, func(iso []byte) {
		for at := 16 * 2048; at < 19*2048; at += 2048 { // the root directory lies beyond the end
			copy(iso[at+156+2:], bytes.Repeat([]byte{0x7f}, 8))
		}
	})
	wrong := func(userData string) string {
		return isoOf(t, files{"user-data": userData, "meta-data": metaDataA}, "-J", "-r")
	}
	for _, tt := range []struct{ name, file, said string }{
		{"typo", wrong(exampleSeed(t, "preempt:", "preemt:")), `user-data:\d+:5: vrrp.preemt: unknown key; did you mean preempt\?`},
		{"empty", wrong(""), `user-data.*empty`},
		{"not UTF-8", wrong(exampleSeed(t, "mysql1", "m\xff")), `is not UTF-8`},
		{"10 MiB", wrong("#cloud-config\n" + strings.Repeat("#", 10<<20)), `too big`},
		{"script", wrong("#!/bin/sh\nreboot\n"), `a script, and a node runs none`},
		{"YAML bomb", wrong(bomb()), `user-data:\d+:\d+`},
		{"damaged", damaged, `iso9660`},
		{"two nodes fit", localds(t, files{"user-data": strings.ReplaceAll(text, "lb-a", "lb-c"), "meta-data": metaDataA}, "iso"), `lb-c`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expectFailedBoot(t, vm.Config{Disk: disk, Drives: []vm.Drive{{File: tt.file, Device: "ide-cd"}}}, tt.said)
		})
	}
}

func spoil(t *testing.T, file string, how func([]byte)) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	how(data)
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// bomb is a seed of some hundred bytes that unfolds to 10⁹ items.
func bomb() string {
	text := "#cloud-config\ntwinlb:\n  vips: &l0 [a, a, a, a, a, a, a, a, a, a]\n"
	for i, key := range []string{"nodes", "pools", "a", "b", "c", "d", "e", "f"} {
		last := "*l" + string(rune('0'+i))
		text += "  " + key + ": &l" + string(rune('1'+i)) + " [" + strings.TrimSuffix(strings.Repeat(last+", ", 10), ", ") + "]\n"
	}
	return text
}

// TestNoSeedAnywhere says so within seconds.
func TestNoSeedAnywhere(t *testing.T) {
	expectFailedBoot(t, vm.Config{Disk: baker.Disk(t, images.Image{})}, `no seed is baked into this image, and no drive labelled cidata`)
}
