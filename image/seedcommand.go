package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"twinlb/image/cidata"
	"twinlb/image/component"
	"twinlb/seed"
	"twinlb/services/admin"
	"twinlb/services/plan"

	"github.com/spf13/cobra"
)

// driveOrder is what a person asks `twinlb seed` for.
type driveOrder struct {
	choice
	keys, out, format string
}

func seedCommand() *cobra.Command {
	var o driveOrder
	command := &cobra.Command{
		Use:   "seed SEED --role ROLE",
		Short: "Write a NoCloud drive of one node, for a disk that has no seed or another",
		Long: `Write a drive labelled cidata with the seed of a pair and the keys of one of its nodes. A machine that finds it
at its start is that node, whatever seed its disk has, or none (twinlb image --role none).`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return o.write(args[0]) },
	}
	o.flags(command)
	flags := command.Flags()
	flags.StringVar(&o.keys, "keys", "", "folder of the pair's keys (default: beside the seed, NAME.keys)")
	flags.StringVarP(&o.out, "out", "o", "", "drive to write (default: build/cidata-ROLE.iso)")
	flags.StringVar(&o.format, "format", "", "iso or vfat (default: by the extension, .iso, or .img or .vfat)")
	return command
}

func (o *driveOrder) write(path string) error {
	own, err := o.resolve(path, os.Stderr)
	if err != nil {
		return err
	}
	out := o.out
	if out == "" {
		out = filepath.Join("build", "cidata-"+o.name(own.spec)+".iso")
	}
	format := cidata.Format(o.format)
	if o.format == "" {
		if format, err = cidata.FormatOf(out); err != nil {
			return fmt.Errorf("%w; or give --format", err)
		}
	}
	if err := own.loadKeys(o.keys); err != nil {
		return err
	}
	if err := own.try(); err != nil {
		return err
	}
	files := own.drive()
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return fmt.Errorf("write drive %s: %w", out, err)
	}
	if err := cidata.Write(out, format, files); err != nil {
		return err
	}
	sum, _, _, err := measure(out)
	if err != nil {
		return err
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	fmt.Printf("%s is the drive of %s\n", out, own)
	fmt.Printf("  holds   %s: keep it as you keep %s\n", strings.Join(names, ", "), own.folder)
	fmt.Printf("  sha256  %s\n", sum)
	fmt.Print(attach(out, format))
	return own.login()
}

// drive is what the node finds.
func (r *resolved) drive() []cidata.File {
	bundle := r.bundle()
	seedFiles := bundle.Seed()
	files := []cidata.File{
		{Name: "user-data", Data: seedFiles.UserData},
		{Name: "meta-data", Data: seedFiles.MetaData},
	}
	if len(seedFiles.NetworkConfig) > 0 {
		files = append(files, cidata.File{Name: "network-config", Data: seedFiles.NetworkConfig})
	}
	return append(files, cidata.File{Name: seed.KeysFile, Data: seed.EncodeKeys(bundle.HostKey, bundle.PairKey)})
}

// try tries every node's configuration. The programs of an image judge it where
// they have been built; for a drive alone, nothing is compiled.
func (r *resolved) try() error {
	for _, spec := range append(r.pair.Specs(), r.spec) {
		if admin.Listens(spec) {
			if _, err := admin.Service(spec, plan.Host(spec), r.secret.HostKey(spec.Node.Name)); err != nil {
				return err
			}
		}
		if _, err := plan.Of(spec, plan.Host(spec)); err != nil {
			return err
		}
	}
	p, built, err := builtPrograms()
	if err != nil {
		fmt.Fprintf(os.Stderr, "  note: not tried with haproxy -c and keepalived -t: %v\n", err)
		return nil
	}
	return p.tryPair(r, built)
}

// builtPrograms returns the programs that judge a configuration, from the cache.
func builtPrograms() (*project, *parts, error) {
	p, err := openProject(false)
	if err != nil {
		return nil, nil, err
	}
	all, err := p.sourceComponents()
	if err != nil {
		return nil, nil, err
	}
	find := func(c component.Component) string {
		dir, foundErr := p.cache.Find(c)
		err = errors.Join(err, foundErr)
		return filepath.Join(dir, c.Outputs[0])
	}
	built := &parts{haproxy: find(all["haproxy"]), keepalived: find(all["keepalived"])}
	if err != nil {
		return nil, nil, errors.New("they are not built yet, which `twinlb image` does")
	}
	return p, built, nil
}

// attach says how hypervisors give a drive to a machine.
func attach(path string, format cidata.Format) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		absolute = path
	}
	lines := []string{
		"qemu     -cdrom " + path,
		"Proxmox  qm set VMID --ide2 local:iso/" + filepath.Base(path) + ",media=cdrom, once it is in /var/lib/vz/template/iso",
		"libvirt  virsh attach-disk DOMAIN " + absolute + " sda --targetbus sata --type cdrom --mode readonly --config",
	}
	if format == cidata.VFAT {
		lines = []string{
			"qemu     -drive file=" + path + ",format=raw,if=virtio,readonly=on",
			"Proxmox  qm set VMID --virtio1 local-lvm:0,import-from=" + absolute,
			"libvirt  virsh attach-disk DOMAIN " + absolute + " vdb --mode readonly --config",
		}
	}
	return "  attach  " + strings.Join(lines, "\n          ") + "\n"
}
