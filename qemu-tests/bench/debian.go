package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"twinlb/image/component"
	"twinlb/image/progress"
	"twinlb/qemu-tests/bench/report"
	"twinlb/qemu-tests/bench/report/timeline"
	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/debian"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
	"twinlb/seed"
	"twinlb/services/admin"
)

// byHand is the pair that people build today.
type byHand struct {
	installed  *debian.System
	operator   *client.Operator
	knownHosts string
	parsed     *seed.Pair
	hostKeys   map[string][]byte // by the node's name
	dir        string
	memoryMiB  int
}

// installDebian needs the network: it is called before there is a sandbox, too.
func installDebian() (*debian.System, error) {
	dir, err := component.DefaultDir()
	if err != nil {
		return nil, err
	}
	return debian.Build(progress.New(os.Stderr, false), component.Cache{Dir: dir})
}

func newByHand(pair *seed.Pair, dir string) (*byHand, error) {
	installed, err := installDebian()
	if err != nil {
		return nil, err
	}
	s := &byHand{
		installed: installed, parsed: pair, dir: filepath.Join(dir, "debian"), memoryMiB: 512,
		hostKeys: make(map[string][]byte), knownHosts: filepath.Join(dir, "debian", "known_hosts"),
	}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for Debian's disks: %w", err)
	}
	if s.operator, err = client.NewOperator(s.dir); err != nil {
		return nil, err
	}
	s.operator.User = "root"
	var known bytes.Buffer
	for _, n := range pair.Nodes {
		key := make([]byte, ed25519.SeedSize)
		rand.Read(key)
		line, err := admin.KnownHost([]string{n.Address.Addr().String()}, key)
		if err != nil {
			return nil, err
		}
		s.hostKeys[n.Name] = key
		fmt.Fprintln(&known, strings.TrimSpace(line))
	}
	return s, os.WriteFile(s.knownHosts, known.Bytes(), 0o644)
}

func (s *byHand) name() string     { return "Debian 12" }
func (s *byHand) pair() *seed.Pair { return s.parsed }

func (s *byHand) about() *report.Column {
	versions, err := s.installed.Versions()
	if err != nil {
		versions = err.Error()
	}
	return &report.Column{
		Name: s.name(), MemoryMiB: s.memoryMiB, AdvertMilliseconds: 1000,
		About: "without recommended packages, HAProxy logs each connection: " + strings.Join(strings.Split(versions, "\n"), ", "),
	}
}

func (s *byHand) machine(t lab.T, n seed.Node, _ bool) vm.Config {
	c := site.Machine(n)
	c.Memory = s.memoryMiB
	c.Disk = filepath.Join(s.dir, n.Name+".img")
	if _, err := os.Stat(c.Disk); err != nil {
		s.write(t, n.Name, c.Disk)
	}
	return c
}

func (s *byHand) write(t lab.T, node, file string) {
	access := debian.Access{AuthorizedKeys: s.operator.AuthorizedKey + "\n", HostKey: s.hostKeys[node]}
	if err := s.installed.WriteDisk(file, s.parsed, node, access); err != nil {
		t.Fatal(err)
	}
}

func (s *byHand) direct(_ lab.T, c vm.Config) vm.Config {
	c.Kernel, c.Initrd, c.Append = s.installed.Kernel(), s.installed.Initrd(), debian.CommandLine
	return c
}

func (s *byHand) inside(around *site.Site) site.Inside { return &shell{s, around} }

// settle does what the nodes' operator has to do after a fault, or does anyway.
func (s *byHand) settle(t lab.T, p *site.Pair) {
	inside := &shell{s, p.Site}
	for _, service := range []string{"haproxy", "keepalived"} {
		inside.run(t, p.Master, "systemctl kill --kill-whom=all --signal=CONT "+service+"; systemctl reset-failed "+service+
			"; systemctl restart "+service)
	}
}

func (s *byHand) sizes(t lab.T) sizes {
	c := s.direct(t, s.machine(t, s.parsed.Nodes[0], false))
	return sizes{disk: size(t, c.Disk), kernel: size(t, c.Kernel), initramfs: size(t, c.Initrd)}
}

func (s *byHand) build(t lab.T) {
	s.write(t, s.parsed.Nodes[0].Name, filepath.Join(s.dir, "built.img"))
}

func (s *byHand) memory(t lab.T, p *site.Pair, m *vm.VM) float64 {
	output := (&shell{s, p.Site}).run(t, m, debian.MemoryInUse)
	kib, err := strconv.ParseFloat(strings.TrimSpace(output), 64)
	if err != nil {
		t.Fatalf("ask %s for its memory: %v", m.Name, err)
	}
	return kib * 1024
}

func (s *byHand) least() (from, step int) { return 224, 32 }

func (s *byHand) spans(t lab.T, around *site.Site, m *vm.VM) []timeline.Span {
	inside := &shell{s, around}
	var analyze string
	lab.Await(t, site.ComeUp, "systemd to have started everything", func() (err error) {
		analyze, err = inside.try(m, debian.BootTimes)
		return err
	})
	// One line with the kernel's clock, which a quiet boot does not write.
	inside.run(t, m, `printf '\n[%s] uptime\n' "$(cut -d' ' -f1 /proc/uptime)" >/dev/ttyS0`)
	m.WaitSerial(`\] uptime`, site.ComeUp)
	log, err := os.ReadFile(m.SerialLog())
	if err != nil {
		t.Fatal(err)
	}
	spans, err := timeline.FromDebian(string(log), analyze)
	if err != nil {
		t.Fatal(err)
	}
	return spans
}

func (s *byHand) failover() (site.Fault, bool) { return site.Fault{}, false }

// shell is root's on the nodes.
type shell struct {
	*byHand
	around *site.Site
}

func (s *shell) Signal(t lab.T, m *vm.VM, signal, process string) {
	command, err := debian.Signal(signal, process)
	if err != nil {
		t.Fatal(err)
	}
	s.run(t, m, command)
}

func (s *shell) Service(t lab.T, m *vm.VM, verb, service string) {
	command, err := debian.Systemctl(verb, service)
	if err != nil {
		t.Fatal(err)
	}
	s.run(t, m, command)
}

func (s *shell) Reboot(t lab.T, m *vm.VM) { s.run(t, m, debian.Reboot) }

func (s *shell) run(t lab.T, m *vm.VM, command string) string {
	output, err := s.try(m, command)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func (s *shell) try(m *vm.VM, command string) (string, error) {
	output, status, err := s.operator.Run(s.around.Client, s.knownHosts, s.around.Node(m).Addr(), command)
	if err == nil && status != 0 {
		err = fmt.Errorf("%s on %s: exit status %d: %s", command, m.Name, status, output)
	}
	return output, err
}
