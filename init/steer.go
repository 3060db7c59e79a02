package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"twinlb/init/control"
	"twinlb/init/supervise"
	"twinlb/services"
	"twinlb/services/admin"

	"golang.org/x/sys/unix"
)

// answerAdmin begins to answer the admin process.
func (b *balancer) answerAdmin() error {
	server := &control.Server{
		UID:    services.AdminUser,
		Handle: b.steer,
		Failed: func(err error) { b.node.log(admin.Name, "%v", err) },
	}
	return server.Listen(admin.ControlSocket, services.AdminUser)
}

// steer does what somebody who has logged in asks for.
func (b *balancer) steer(r control.Request, send func(control.Reply) error, gone <-chan struct{}) error {
	say := func(format string, args ...any) error {
		return send(control.Reply{Said: fmt.Sprintf(format, args...)})
	}
	switch r.Verb {
	case control.Status:
		return send(control.Reply{Pair: b.fullPair()})
	case control.Services:
		return send(control.Reply{Services: b.services()})
	case control.History:
		return send(control.Reply{History: b.controller.History()})
	case control.Why:
		return b.why(r, send)
	case control.Config:
		return send(control.Reply{Files: b.files()})
	case control.Logs:
		return b.sendLogs(r, send, gone)
	case control.Drill:
		b.note(r)
		return b.leadDrill(r, send, say, gone)
	case control.Apply:
		b.note(r)
		return b.applySeed(r, send, say, gone)
	case control.Confirm:
		b.note(r)
		return b.confirm(say, gone)
	case control.Rollback:
		b.note(r)
		return b.rollback(r.By, say, gone)
	}

	// One after the other: what one gives away another must not take back.
	b.steering.Lock()
	defer b.steering.Unlock()
	b.note(r)
	why := "asked by " + r.By
	switch r.Verb {
	case control.Stop:
		return b.stopService(r.Service, "stopped, "+why, say)
	case control.Start:
		return b.startService(r.Service, say)
	case control.Restart:
		return b.restartService(r.Service, "restarted, "+why, say)
	case control.Failover:
		if r.Drain {
			return b.drain("failover, "+why, r.Grace, say)
		}
		return b.failover("failover, "+why, say)
	case control.Reboot:
		return b.end(order{r.By, unix.LINUX_REBOOT_CMD_RESTART}, "rebooting", say)
	case control.PowerOff:
		return b.end(order{r.By, unix.LINUX_REBOOT_CMD_POWER_OFF}, "powering off", say)
	}
	return fmt.Errorf("%s is not known to PID 1", r.Verb)
}

// note logs who asks for what. What only looks is not noted: a monitor that does so
// would fill the journal.
func (b *balancer) note(r control.Request) {
	b.node.log(admin.Name, "%s: %s", r.By, strings.TrimSpace(string(r.Verb)+" "+r.Service))
}

// say sends a sentence to whoever asked.
type say func(format string, args ...any) error

func (b *balancer) end(o order, doing string, say say) error {
	err := say("%s is %s", b.spec().Node.Name, doing)
	b.node.give(o)
	return err
}

// unit finds a service by its name.
func (b *balancer) unit(name string) (*supervise.Service, error) {
	var names []string
	for _, u := range b.units {
		if u.State().Name == name {
			return u, nil
		}
		names = append(names, u.State().Name)
	}
	return nil, fmt.Errorf("there is no service %q; the services are %s", name, strings.Join(names, ", "))
}

func (b *balancer) stopService(name, why string, say say) error {
	unit, err := b.unit(name)
	if err != nil {
		return err
	}
	if name == admin.Name {
		return errors.New("nobody could log in to start it again; restart it instead")
	}
	if unit.State().Phase == supervise.Stopped {
		return say("%s is not running", name)
	}
	defer b.controller.Keep()
	b.vacate(name+" is "+why, say)
	unit.Stop(why)
	return say("%s is stopped until it is started, or the node is", name)
}

func (b *balancer) startService(name string, say say) error {
	unit, err := b.unit(name)
	if err != nil {
		return err
	}
	if !unit.Start() {
		return say("%s runs already", name)
	}
	return say("%s is started", name)
}

// answerTime is for an answer to get out before what carries it is stopped.
const answerTime = 200 * time.Millisecond

func (b *balancer) restartService(name, why string, say say) error {
	unit, err := b.unit(name)
	if err != nil {
		return err
	}
	if name == admin.Name {
		err := say("%s is restarted: sessions end", name)
		go func() { // its answer goes through the process that ends
			<-time.After(answerTime)
			unit.Stop(why)
			unit.Start()
		}()
		return err
	}
	defer b.controller.Keep()
	b.vacate(name+" is "+why, say)
	unit.Stop(why)
	unit.Start()
	return say("%s is restarted", name)
}

// files are the rendered configuration files, as they are on the node.
func (b *balancer) files() []control.File {
	var files []control.File
	for _, f := range configFiles(b.now().proxy, b.now().elector) {
		files = append(files, control.File{Path: f.Path, Text: string(f.Data)})
	}
	return files
}

// configFiles are the files of the services that have content.
func configFiles(all ...services.Service) []services.File {
	var files []services.File
	for _, s := range all {
		for _, f := range s.Files {
			if len(f.Data) > 0 {
				files = append(files, f)
			}
		}
	}
	return files
}
