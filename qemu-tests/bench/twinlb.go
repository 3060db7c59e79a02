package main

import (
	"encoding/json"
	"os"
	"path/filepath"

	"twinlb/qemu-tests/bench/report"
	"twinlb/qemu-tests/bench/report/timeline"
	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
	"twinlb/seed"
)

// twinlb is our pair. Its images are those of `make image`, but where something
// in a node is killed: only a test build lets itself be reached into.
type twinlb struct {
	baker    *images.Baker
	operator *client.Operator
	text     string // of the seed

	knownHosts string
	parsed     *seed.Pair
}

func newTwinlb(example, dir string) (*twinlb, error) {
	operator, err := client.NewOperator(dir)
	if err != nil {
		return nil, err
	}
	text, err := shorten(example)
	if err != nil {
		return nil, err
	}
	withKey, err := images.Authorize([]byte(text), operator.AuthorizedKey)
	if err != nil {
		return nil, err
	}
	parsed, err := seed.Parse("examples/pair.yaml", withKey)
	if err != nil {
		return nil, err
	}
	s := &twinlb{baker: &images.Baker{Project: ".", Dir: dir}, operator: operator, text: string(withKey), parsed: parsed}
	return s, lab.Try(func(string) {}, func(t lab.T) { s.knownHosts = s.baker.KnownHosts(t, s.text) })
}

func (s *twinlb) name() string     { return "twinlb" }
func (s *twinlb) pair() *seed.Pair { return s.parsed }

func (s *twinlb) about() *report.Column {
	return &report.Column{Name: s.name(), MemoryMiB: 128, AdvertMilliseconds: int(s.parsed.VRRP.AdvertInterval.Milliseconds())}
}

func (s *twinlb) machine(t lab.T, n seed.Node, reach bool) vm.Config {
	c := site.Machine(n)
	c.Disk = s.baker.Disk(t, images.Image{Seed: s.text, Node: n.Name, Hook: reach})
	return c
}

func (s *twinlb) direct(t lab.T, c vm.Config) vm.Config { return s.baker.Direct(t, c.Disk, c) }

func (s *twinlb) inside(around *site.Site) site.Inside {
	return site.Hooked{Login: s.login(around), Site: around}
}

func (s *twinlb) login(around *site.Site) site.Login {
	return site.Login{Operator: s.operator, From: around.Client, KnownHosts: s.knownHosts}
}

func (s *twinlb) settle(lab.T, *site.Pair) {}

func (s *twinlb) sizes(t lab.T) sizes {
	c := s.machine(t, s.parsed.Nodes[0], false)
	disk := c.Disk
	c = s.direct(t, c)
	return sizes{disk: size(t, disk), kernel: size(t, c.Kernel), initramfs: size(t, c.Initrd)}
}

func (s *twinlb) build(t lab.T) {
	s.baker.Twinlb(t, "image", "--role", "master", "--seed", s.baker.SeedFile(t, s.text), "--out", filepath.Join(s.baker.Dir, "built.img"))
}

func (s *twinlb) memory(t lab.T, p *site.Pair, m *vm.VM) float64 {
	output, _ := s.login(p.Site).Run(t, p.Node(m).Addr(), "status --json")
	var said struct {
		Node struct {
			Memory struct{ Total, Available float64 }
		}
	}
	if err := json.Unmarshal([]byte(output), &said); err != nil || said.Node.Memory.Total == 0 {
		t.Fatalf("ask %s for its memory: %v: %s", m.Name, err, output)
	}
	return said.Node.Memory.Total - said.Node.Memory.Available
}

func (s *twinlb) least() (from, step int) { return 80, 4 }

func (s *twinlb) spans(t lab.T, _ *site.Site, m *vm.VM) []timeline.Span {
	log, err := os.ReadFile(m.SerialLog())
	if err != nil {
		t.Fatal(err)
	}
	spans, err := timeline.FromTwinlb(string(log))
	if err != nil {
		t.Fatal(err)
	}
	return spans
}

func (s *twinlb) failover() (site.Fault, bool) {
	return site.Fault{Name: "failover, planned", Spoil: func(t lab.T, p *site.Pair) {
		if output, status := s.login(p.Site).Run(t, p.Node(p.Master).Addr(), "failover"); status != 0 {
			t.Fatalf("failover: exit status %d: %s", status, output)
		}
	}, Moves: true}, true
}
