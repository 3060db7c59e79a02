package main

import (
	"fmt"

	"twinlb/init/control"
	"twinlb/init/supervise"
	"twinlb/services"
	"twinlb/services/metrics"
)

// monitor is the service for Prometheus.
func (b *balancer) monitor() (*supervise.Service, error) {
	if err := place(b.now().monitor.Files); err != nil {
		return nil, err
	}
	server := &control.Server{
		UID:    services.MetricsUser,
		Handle: b.tellMonitor,
		Failed: func(err error) { b.node.log(metrics.Name, "%v", err) },
	}
	if err := server.Listen(metrics.ControlSocket, services.MetricsUser); err != nil {
		return nil, err
	}
	files := func() []services.File { return b.now().monitor.Files }
	return supervise.New(b.node.reaper, b.node.processWith(b.now().monitor, files)), nil
}

// tellMonitor answers what a process may ask whom anybody can talk to.
func (b *balancer) tellMonitor(r control.Request, send func(control.Reply) error, _ <-chan struct{}) error {
	if r.Verb != control.Status {
		return fmt.Errorf("%s is not for %s", r.Verb, metrics.Name)
	}
	return send(control.Reply{Pair: b.fullPair()})
}
