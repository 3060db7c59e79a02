package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"twinlb/image/disk"

	"github.com/spf13/cobra"
)

// order is what a person asks `twinlb image` for.
type order struct {
	choice
	seed, keys, out, format string
	testHook, verbose       bool
}

func imageCommand() *cobra.Command {
	var o order
	command := &cobra.Command{
		Use:   "image --role ROLE",
		Short: "Build the bootable disk of one node, or of any",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return o.build() },
	}
	o.flags(command)
	flags := command.Flags()
	flags.Lookup("role").Usage = "role of the node: master or backup; none: a disk without a seed, for any node"
	flags.StringVar(&o.seed, "seed", "examples/pair.yaml", "seed of the pair: a file, or a NoCloud folder with user-data")
	flags.StringVar(&o.keys, "keys", "", "folder of the pair's keys (default: beside the seed, NAME.keys)")
	flags.StringVar(&o.out, "out", "", "image to write (default: build/twinlb-ROLE.img)")
	flags.StringVar(&o.format, "format", string(disk.Raw), "raw or qcow2")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "show all that tools print")
	flags.BoolVar(&o.testHook, "test-hook", false, "let VM tests reach into the guest; never for an image that serves")
	if err := flags.MarkHidden("test-hook"); err != nil {
		panic(err)
	}
	return command
}

func (o *order) build() error {
	began := time.Now()
	var own *resolved // nil for a disk without a seed
	if !o.seedless() {
		var err error
		if own, err = o.resolve(o.seed, os.Stderr); err != nil {
			return err
		}
	}
	format, err := o.diskFormat()
	if err != nil {
		return err
	}
	p, err := openProject(o.verbose)
	if err != nil {
		return err
	}
	if _, err := p.readLock(); err != nil {
		return err
	}
	if own != nil {
		fmt.Fprintln(os.Stderr, own)
	}
	if err := p.ensurePackages(); err != nil {
		return err
	}
	if own != nil {
		if err := own.loadKeys(o.keys); err != nil {
			return err
		}
	}
	built, err := p.buildParts(o.testHook)
	if err != nil {
		return err
	}
	if own != nil {
		if err := p.tryPair(own, built); err != nil {
			return err
		}
	}
	out := o.outPath(own, format)
	if err := p.writeDisk(out, format, own, built); err != nil {
		return err
	}
	if err := o.summary(out, format, built, time.Since(began)); err != nil {
		return err
	}
	if own == nil {
		fmt.Printf("  seed    none: at its start it waits for a drive labelled cidata, which is made with\n"+
			"          build/twinlb seed SEED --role ROLE --out %s\n", seedDrive)
		return nil
	}
	return own.login()
}

// seedless tells whether the disk is for any node of any pair.
func (o *order) seedless() bool { return o.role == noRole && o.node == "" }

const (
	noRole    = "none"
	seedDrive = "cidata.iso" // in what is said about a disk without a seed
)

// tryPair tries every node's configuration on the programs that are shipped.
func (p *project) tryPair(own *resolved, built *parts) error {
	step := p.report.Start("check", "haproxy -c and keepalived -t for every node")
	if err := verifyPair(own.pair, own.secret, built); err != nil {
		return step.Failed(err)
	}
	step.Done("haproxy -c and keepalived -t accept every node")
	return nil
}

func (p *project) writeDisk(out string, format disk.Format, own *resolved, built *parts) error {
	step := p.report.Start("disk", "writing "+out)
	layout, err := p.layout(own, built)
	if err != nil {
		return step.Failed(err)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return step.Failed(fmt.Errorf("write the image: %w", err))
	}
	if err := disk.Write(out, format, layout); err != nil {
		return step.Failed(err)
	}
	step.Done("written")
	return nil
}

func (o *order) diskFormat() (disk.Format, error) {
	switch format := disk.Format(o.format); format {
	case disk.Raw, disk.QCOW2:
		return format, nil
	}
	return "", fmt.Errorf("choose a format: %q is neither %s nor %s", o.format, disk.Raw, disk.QCOW2)
}

func (o *order) outPath(own *resolved, format disk.Format) string {
	if o.out != "" {
		return o.out
	}
	name := noRole
	if own != nil {
		name = o.name(own.spec)
	}
	extension := ".img"
	if format == disk.QCOW2 {
		extension = ".qcow2"
	}
	return filepath.Join("build", "twinlb-"+name+extension)
}

// summary says what was made and what to do with it.
func (o *order) summary(out string, format disk.Format, built *parts, took time.Duration) error {
	sum, size, used, err := measure(out)
	if err != nil {
		return err
	}
	var boot int64
	for _, path := range []string{built.kernel, built.initramfs} {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("measure the image: %w", err)
		}
		boot += info.Size()
	}
	fmt.Printf("\n%s in %.1f s\n", out, took.Seconds())
	fmt.Printf("  size    %.1f MiB, %.1f MiB of it used; kernel and initramfs %.2f MiB\n", mib(size), mib(used), mib(boot))
	fmt.Printf("  sha256  %s\n", sum)
	try := fmt.Sprintf("qemu-system-x86_64 -m 256 -nographic -drive file=%s,format=%s,if=virtio,snapshot=on -nic user,model=virtio", out, format)
	if o.seedless() {
		try += " -cdrom " + seedDrive
	}
	fmt.Printf("  try it  %s\n", try)
	return nil
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func measure(path string) (sum string, size, used int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", 0, 0, fmt.Errorf("measure the image: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	if size, err = io.Copy(hash, file); err != nil {
		return "", 0, 0, fmt.Errorf("measure the image: %w", err)
	}
	var stat syscall.Stat_t
	if err := syscall.Fstat(int(file.Fd()), &stat); err != nil {
		return "", 0, 0, fmt.Errorf("measure the image: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), size, stat.Blocks * 512, nil
}
