package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"twinlb/image/component"
	"twinlb/image/initramfs"
	"twinlb/image/packages"
	"twinlb/services"
	"twinlb/services/admin"
	"twinlb/services/dhcp"
	"twinlb/services/haproxy"
	"twinlb/services/keepalived"
	"twinlb/services/metrics"
)

// parts are the files that every image is made of, built or from the cache.
type parts struct {
	kernel     string // bzImage
	haproxy    string
	keepalived string
	init       string
	initramfs  string
	licences   string // the text for whoever gets an image
}

// buildParts builds what is not in the cache.
func (p *project) buildParts(testHook bool) (*parts, error) {
	var built parts
	fromSource, err := p.sourceComponents()
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		path *string
		name string
	}{{&built.kernel, "kernel"}, {&built.haproxy, "haproxy"}, {&built.keepalived, "keepalived"}} {
		c := fromSource[part.name]
		dir, err := p.cache.Get(p.report, c)
		if err != nil {
			return nil, err
		}
		*part.path = filepath.Join(dir, c.Outputs[0])
	}

	program, err := p.initComponent(testHook)
	if err != nil {
		return nil, err
	}
	dir, err := p.cache.Get(p.report, program)
	if err != nil {
		return nil, err
	}
	built.init = filepath.Join(dir, program.Outputs[0])

	versions, err := p.versions(built.init)
	if err != nil {
		return nil, err
	}
	root, err := p.initramfsComponent(&built, versions)
	if err != nil {
		return nil, err
	}
	if dir, err = p.cache.Get(p.report, root); err != nil {
		return nil, err
	}
	built.initramfs = filepath.Join(dir, root.Outputs[0])

	bundled, err := p.bundle(built.init)
	if err != nil {
		return nil, err
	}
	texts, err := p.licencesComponent(bundled)
	if err != nil {
		return nil, err
	}
	if dir, err = p.cache.Get(p.report, texts); err != nil {
		return nil, err
	}
	built.licences = filepath.Join(dir, texts.Outputs[0])
	return &built, nil
}

// sourceComponents are the parts that are built from Debian's sources, by name.
func (p *project) sourceComponents() (map[string]component.Component, error) {
	lock, err := p.readLock()
	if err != nil {
		return nil, err
	}
	names, err := p.buildPackages()
	if err != nil {
		return nil, err
	}
	versions, err := packages.Versions(names)
	if err != nil {
		return nil, err
	}
	fragments, err := p.glob("boot/kernel/*.config")
	if err != nil {
		return nil, err
	}
	all := make(map[string]component.Component)
	for _, c := range []struct {
		name, source string
		inputs       []string
		outputs      []string
		lines        int
	}{
		{"kernel", "linux", fragments, []string{"bzImage", "config"}, 2070},
		{"haproxy", "haproxy", []string{p.path("buildscripts/musl.sh")}, []string{"haproxy"}, 162},
		{"keepalived", "keepalived", []string{p.path("buildscripts/musl.sh")}, []string{"keepalived"}, 513},
	} {
		source, err := lock.Package(c.source)
		if err != nil {
			return nil, fmt.Errorf("%w; %s should pin it", err, lockFile)
		}
		script := p.path("buildscripts", c.name+".sh")
		all[c.name] = component.Component{
			Name:    c.name,
			Inputs:  append([]string{script}, c.inputs...),
			Options: source.String() + versions,
			Outputs: c.outputs,
			Lines:   c.lines,
			Build: func(b *component.Build) error {
				if err := p.store.Unpack(b.Step, source, b.Work); err != nil {
					return err
				}
				return b.Run("compiling "+source.Version, script, b.Work, b.Out)
			},
		}
	}
	return all, nil
}

// initComponent is PID 1. The one with the test hook lets a VM test reach into
// the guest, and goes into no image but those of the tests.
func (p *project) initComponent(testHook bool) (component.Component, error) {
	files, err := p.goFiles("init", "services", "seed")
	if err != nil {
		return component.Component{}, err
	}
	version, err := exec.Command("go", "version").Output()
	if err != nil {
		return component.Component{}, fmt.Errorf("ask for Go's version: %w", err)
	}
	args := []string{"-C", p.root, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="}
	if testHook {
		args = append(args, "-tags=testhook")
	}
	return component.Component{
		Name:    "init",
		Inputs:  files,
		Options: string(version) + strings.Join(args[2:], " "),
		Outputs: []string{"init"},
		Build: func(b *component.Build) error {
			for _, setting := range []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "GOFLAGS=", "GOEXPERIMENT="} {
				name, value, _ := strings.Cut(setting, "=")
				if err := os.Setenv(name, value); err != nil {
					return err
				}
			}
			return b.Run("compiling", "go", append(args, "-o", filepath.Join(b.Out, "init"), "./init")...)
		},
	}, nil
}

// initramfsComponent is the whole root file system of a node.
func (p *project) initramfsComponent(built *parts, versions string) (component.Component, error) {
	self, err := os.Executable() // the packing is this program's
	if err != nil {
		return component.Component{}, fmt.Errorf("find this program: %w", err)
	}
	compressor, err := packages.Versions([]string{initramfs.Compressor})
	if err != nil {
		return component.Component{}, err
	}
	return component.Component{
		Name:    "initramfs",
		Inputs:  []string{self, built.init, built.haproxy, built.keepalived},
		Options: versions + compressor,
		Outputs: []string{"initramfs.zst"},
		Build: func(b *component.Build) error {
			b.Step.Doing("compressing")
			entries, err := rootFileSystem(built, versions)
			if err != nil {
				return err
			}
			var archive bytes.Buffer
			if err := initramfs.Write(&archive, entries); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(b.Out, "initramfs.zst"), archive.Bytes(), 0o644)
		},
	}, nil
}

// rootFileSystem lists all that a node has: three programs and the places where
// PID 1 mounts.
func rootFileSystem(built *parts, versions string) ([]initramfs.Entry, error) {
	var entries []initramfs.Entry
	for _, dir := range []string{"dev", "proc", "sys", "run", "tmp", "haproxy/dev", haproxy.RunDir[1:], admin.RunDir[1:], metrics.RunDir[1:]} {
		entries = append(entries, initramfs.Entry{Name: dir, Mode: fs.ModeDir | 0o755})
	}
	for _, program := range []struct{ name, path string }{
		{"init", built.init},
		{haproxy.Program[1:], built.haproxy},
		{keepalived.Program[1:], built.keepalived},
	} {
		data, err := os.ReadFile(program.path)
		if err != nil {
			return nil, fmt.Errorf("pack the initramfs: %w", err)
		}
		entries = append(entries, initramfs.Entry{Name: program.name, Mode: 0o755, Data: data})
	}
	// keepalived looks this name up for scripts, which it is not given.
	passwd := fmt.Sprintf("root:x:0:0::/:\nkeepalived_script:x:%d:%[1]d::/:\n", services.KeepalivedUser)
	return append(entries,
		initramfs.Entry{Name: "etc/passwd", Mode: 0o644, Data: []byte(passwd)},
		initramfs.Entry{Name: "etc/versions", Mode: 0o644, Data: []byte(versions)},
		// PID 1 mounts itself over it.
		initramfs.Entry{Name: admin.Program[1:], Mode: 0o755},
		initramfs.Entry{Name: dhcp.Program[1:], Mode: 0o755},
		initramfs.Entry{Name: metrics.Program[1:], Mode: 0o755},
	), nil
}

// versions are those of the parts that `status` of a node shows, a line for each.
// What is built of this source tree is named by its content.
func (p *project) versions(program string) (string, error) {
	lock, err := p.readLock()
	if err != nil {
		return "", err
	}
	var text strings.Builder
	for _, name := range []string{"linux", "haproxy", "keepalived"} {
		source, err := lock.Package(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&text, "%s %s\n", name, source.Version)
	}
	data, err := os.ReadFile(program)
	if err != nil {
		return "", fmt.Errorf("name the version of init: %w", err)
	}
	fmt.Fprintf(&text, "init %.6x\n", sha256.Sum256(data))
	return text.String(), nil
}
