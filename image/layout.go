package main

import (
	"fmt"
	"os"
	"strings"

	"twinlb/boot/grub"
	"twinlb/image/disk"
	"twinlb/image/keys"
	"twinlb/image/uki"
	"twinlb/image/verify"
	"twinlb/seed"
	"twinlb/services/admin"
	"twinlb/services/haproxy"
	"twinlb/services/keepalived"
	"twinlb/services/plan"
)

// Files of the host's boot loaders, from the packages systemd-boot-efi and
// grub-pc-bin.
const (
	efiStub = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"
	grubDir = "/usr/lib/grub/i386-pc"
)

// Paths on the EFI system partition.
const (
	ukiPath       = "EFI/BOOT/BOOTX64.EFI" // UEFI Specification §3.5.1.1, removable media
	kernelPath    = grub.Kernel
	initramfsPath = grub.Initramfs
	licencesPath  = "LICENCES.TXT"
)

// layout puts one node's disk together, or without a seed any node's.
func (p *project) layout(own *resolved, built *parts) (disk.Layout, error) {
	read := func(path string) (data []byte, err error) {
		if data, err = os.ReadFile(path); err != nil {
			err = fmt.Errorf("put the disk together: %w", err)
		}
		return data, err
	}
	cmdline, err := read(p.path("boot", "cmdline"))
	if err != nil {
		return disk.Layout{}, err
	}
	stub, err := read(efiStub)
	if err != nil {
		return disk.Layout{}, err
	}
	kernel, err := read(built.kernel)
	if err != nil {
		return disk.Layout{}, err
	}
	archive, err := read(built.initramfs)
	if err != nil {
		return disk.Layout{}, err
	}
	licences, err := read(built.licences)
	if err != nil {
		return disk.Layout{}, err
	}
	commandLine := strings.TrimSpace(string(cmdline))
	loader, err := grub.Build(grubDir, commandLine)
	if err != nil {
		return disk.Layout{}, err
	}
	unified, err := uki.Build(stub, uki.Sections{
		OSRelease: "ID=twinlb\nNAME=twinlb\nPRETTY_NAME=twinlb\n",
		Cmdline:   commandLine,
		Linux:     kernel,
		Initrd:    archive,
	})
	if err != nil {
		return disk.Layout{}, err
	}
	var id [16]byte
	var baked []byte
	if own != nil {
		id = own.secret.DiskID(own.spec.Node.Name)
		if baked, err = own.bundle().Encode(); err != nil {
			return disk.Layout{}, err
		}
	}
	return disk.Layout{
		ID:        id,
		Seed:      baked,
		BootImage: loader.Boot,
		CoreImage: loader.Core,
		ESP: []disk.File{
			{Path: ukiPath, Data: unified},
			{Path: kernelPath, Data: kernel},
			{Path: initramfsPath, Data: archive},
			{Path: licencesPath, Data: licences},
		},
	}, nil
}

// verifyPair tries every node's configuration on the programs that are shipped.
func verifyPair(pair *seed.Pair, secret keys.Secret, built *parts) error {
	var checks []verify.Check
	for _, spec := range pair.Specs() {
		host := plan.Host(spec)
		if admin.Listens(spec) {
			if _, err := admin.Service(spec, host, secret.HostKey(spec.Node.Name)); err != nil {
				return err
			}
		}
		proxy, err := haproxy.Service(spec, host)
		if err != nil {
			return err
		}
		elector, err := keepalived.Service(spec, host)
		if err != nil {
			return err
		}
		interfaces := []string{host.Interface}
		if host.Management != "" {
			interfaces = append(interfaces, host.Management)
		}
		checks = append(checks,
			verify.Check{
				Node: spec.Node.Name, Interfaces: interfaces, Files: proxy.Files, Root: haproxy.Root,
				Program: built.haproxy, Args: []string{"-c", "-f", strings.TrimPrefix(haproxy.ConfigFile, haproxy.Root)},
			},
			verify.Check{
				Node: spec.Node.Name, Interfaces: interfaces, Files: elector.Files,
				Program: built.keepalived, Args: []string{"--config-test", "--use-file", keepalived.ConfigFile},
			})
	}
	return verify.Run(checks)
}
