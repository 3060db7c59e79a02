package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"twinlb/image/disk"
	"twinlb/image/keys"
	"twinlb/seed"
	"twinlb/services/admin"

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
		Short: "Build the bootable disk of one node",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return o.build() },
	}
	o.flags(command)
	flags := command.Flags()
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
	pair, userData, err := o.readSeed()
	if err != nil {
		return err
	}
	spec, err := o.of(pair)
	if err != nil {
		return err
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
	fmt.Fprintf(os.Stderr, "%s (%s) of %s, seed %s\n", spec.Node.Name, spec.Node.Role, o.seed, seed.Digest(userData))
	if err := p.ensurePackages(); err != nil {
		return err
	}
	if o.keys == "" {
		o.keys = keys.Folder(o.seed)
	}
	secret, made, err := keys.Load(o.keys)
	if err != nil {
		return err
	}
	if made {
		fmt.Fprintf(os.Stderr, "  made the pair's secret in %s: keep it, and use it for every node of the pair\n", o.keys)
	}
	built, err := p.buildParts(o.testHook)
	if err != nil {
		return err
	}
	step := p.report.Start("check", "haproxy -c and keepalived -t for every node")
	if err := verifyPair(pair, secret, built); err != nil {
		return step.Failed(err)
	}
	step.Done("haproxy -c and keepalived -t accept every node")

	out := o.outPath(format)
	step = p.report.Start("disk", "writing "+out)
	layout, err := p.layout(spec, userData, secret, built)
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
	knownHosts, err := writeKnownHosts(o.keys, pair, secret)
	if err != nil { // the folder of the keys may be one that nobody writes to
		fmt.Fprintln(os.Stderr, "  note:", err)
	}
	if err := o.summary(out, format, built, time.Since(began)); err != nil {
		return err
	}
	return o.login(spec, secret, knownHosts)
}

// readSeed returns the bytes with what they mean: they are baked as they are.
func (o *order) readSeed() (*seed.Pair, []byte, error) {
	pair, err := seed.Load(o.seed)
	if err != nil {
		return nil, nil, err
	}
	_, userData, err := seed.Read(o.seed)
	return pair, userData, err
}

func (o *order) diskFormat() (disk.Format, error) {
	switch format := disk.Format(o.format); format {
	case disk.Raw, disk.QCOW2:
		return format, nil
	}
	return "", fmt.Errorf("choose a format: %q is neither %s nor %s", o.format, disk.Raw, disk.QCOW2)
}

func (o *order) outPath(format disk.Format) string {
	if o.out != "" {
		return o.out
	}
	name := o.role
	if o.node != "" {
		name = o.node
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
	fmt.Printf("  try it  %s\n", strings.Join([]string{
		"qemu-system-x86_64 -m 256 -nographic",
		fmt.Sprintf("-drive file=%s,format=%s,if=virtio,snapshot=on", out, format),
		"-nic user,model=virtio",
	}, " "))
	return nil
}

// login says how to reach the node, or that nobody can.
func (o *order) login(spec *seed.Spec, secret keys.Secret, knownHosts string) error {
	if !admin.Listens(spec) {
		fmt.Printf("  ssh     nobody can log in: there are no ssh_authorized_keys in %s\n", o.seed)
		return nil
	}
	fingerprint, err := admin.Fingerprint(secret.HostKey(spec.Node.Name))
	if err != nil {
		return err
	}
	option := ""
	if knownHosts != "" {
		option = "-o UserKnownHostsFile=" + knownHosts + " "
	}
	fmt.Printf("  ssh     ssh %s%s@%s status\n", option, admin.Login, spec.Node.Address.Addr())
	fmt.Printf("          host key %s\n", fingerprint)
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
