package debian

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"twinlb/image/component"
)

// contents is what is installed beside Debian's required packages, without
// recommended ones: a smaller system, which starts sooner, than most people run.
var contents = []string{
	"linux-image-cloud-amd64", // Debian's kernel for virtual machines
	"zstd",                    // compresses the initrd, as in a usual installation
	"systemd-sysv",            // PID 1
	"udev",                    // loads drivers
	"dbus",                    // logind, which hears the power button, needs it
	"ifupdown",                // the network
	"procps",                  // pgrep, sysctl
	"openssh-server",
	"haproxy",
	"keepalived",
}

// measured is whose versions a report names.
var measured = []string{"linux-image-cloud-amd64", "systemd", "haproxy", "keepalived"}

// omitted is what nobody reads on a balancer.
var omitted = []string{"/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*"}

// build makes a System's files.
func build(b *component.Build) error {
	if os.Geteuid() != 0 {
		return errors.New("mmdebstrap makes files of several owners here: run it as root")
	}
	if err := os.Mkdir(b.Work, 0o755); err != nil {
		return err
	}
	root := filepath.Join(b.Work, "root")
	if err := install(b, root); err != nil {
		return err
	}
	if err := generalize(root); err != nil {
		return fmt.Errorf("take from the system what belongs to one machine: %w", err)
	}
	versions, err := exec.Command("dpkg-query", append([]string{"--admindir=" + filepath.Join(root, "var/lib/dpkg"), "--show", "--showformat=${Package} ${Version}\n"}, measured...)...).Output()
	if err != nil {
		return fmt.Errorf("ask for the versions of what was installed: %w", err)
	}
	if err := os.WriteFile(filepath.Join(b.Out, versionsFile), versions, 0o644); err != nil {
		return err
	}
	for _, name := range []string{kernelFile, initrdFile} { // links, made by the kernel's package
		if err := copyFile(filepath.Join(b.Out, name), filepath.Join(root, name)); err != nil {
			return err
		}
	}
	return writeDisk(b, root)
}

// install runs mmdebstrap. The files of the folder system are there before the
// kernel's package is, which asks fstab how the initrd shall check the root.
func install(b *component.Build, root string) error {
	list, err := sources()
	if err != nil {
		return err
	}
	settings, err := acquireSettings()
	if err != nil {
		return err
	}
	ours, err := fs.Sub(system, "system")
	if err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(b.Work, "system"), ours); err != nil {
		return err
	}
	listFile, settingsFile := filepath.Join(b.Work, "sources.list"), filepath.Join(b.Work, "apt.conf")
	if err := errors.Join(os.WriteFile(listFile, []byte(list), 0o644), os.WriteFile(settingsFile, []byte(settings), 0o644)); err != nil {
		return err
	}
	args := []string{"--mode=root", "--variant=minbase", "--include=" + strings.Join(contents, ","), "--aptopt=" + settingsFile,
		fmt.Sprintf(`--essential-hook=umask 022 && cp --recursive --no-preserve=all '%s/system/.' "$1"`, b.Work)}
	for _, path := range omitted {
		args = append(args, "--dpkgopt=path-exclude="+path)
	}
	return b.Run("installing Debian with mmdebstrap", "mmdebstrap", append(args, suite, root, listFile)...)
}

// generalize removes what is one machine's own, and sees to it that no boot is a
// first one, for which systemd has extra work.
func generalize(root string) error {
	templates, err := files(node)
	if err != nil {
		return err
	}
	remove := []string{"etc/resolv.conf", "etc/apt/apt.conf.d/99mmdebstrap"}
	keys, err := filepath.Glob(filepath.Join(root, "etc/ssh/ssh_host_*"))
	if err != nil {
		return err
	}
	for _, key := range keys {
		remove = append(remove, strings.TrimPrefix(key, root))
	}
	for _, f := range templates {
		remove = append(remove, f.path)
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(f.path)), 0o755); err != nil {
			return err
		}
	}
	for _, name := range remove {
		if err := os.RemoveAll(filepath.Join(root, name)); err != nil {
			return err
		}
	}
	for _, name := range []string{"etc/.updated", "var/.updated"} { // systemd-update-done.service(8)
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(to, from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}
