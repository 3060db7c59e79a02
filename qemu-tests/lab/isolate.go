package lab

// Isolate keeps frames from passing between this port and others that are isolated;
// all of them reach everybody else (bridge(8)).
func (p *Port) Isolate() error { return p.setIsolated("on") }

// Join undoes Isolate.
func (p *Port) Join() error { return p.setIsolated("off") }

func (p *Port) setIsolated(is string) error {
	return run("bridge", "-n", p.lab.Switch.Name, "link", "set", "dev", p.Name, "isolated", is)
}
