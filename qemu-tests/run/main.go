// Command run runs a pair on this machine, with a MariaDB server for every backend
// of its seed and a client, in a sandbox: `make run`. Nothing of it reaches the
// machine's network, and nothing is left when it ends.
//
// In a terminal it shows both consoles and a shell on the client; with --cmd it
// runs one command there and ends with its exit status; else it prints both
// consoles until a signal ends it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/sandbox"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
	"twinlb/seed"
)

func main() {
	file := flag.String("seed", "examples/pair.yaml", "seed of the pair")
	command := flag.String("cmd", "", "what to run on the client instead of a shell")
	flag.Parse()
	files, err := seed.Read(*file)
	if err == nil {
		_, err = files.Parse()
	}
	if err == nil && flag.NArg() > 0 {
		err = fmt.Errorf("run a pair: %q is no option", flag.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	sandbox.Enter()

	status := 0
	err = lab.Try(say, func(t lab.T) {
		r := start(t, *file, files.UserData)
		switch {
		case *command != "":
			status = r.command(t, *command)
		case terminal(os.Stdin) && terminal(os.Stdout):
			r.show(t)
		default:
			r.stream()
		}
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "run a pair:", err)
		status = 1
	}
	os.Exit(status)
}

// running is a pair that serves.
type running struct {
	*site.Pair
	dir string
}

// start bakes the pair's disks, with a key that is thrown away, and boots them.
func start(t lab.T, file string, text []byte) *running {
	dir, err := os.MkdirTemp("", "twinlb-run-")
	if err != nil {
		t.Fatalf("make a work directory: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	operator, err := client.NewOperator(dir)
	if err != nil {
		t.Fatal(err)
	}
	if text, err = images.Authorize(text, operator.AuthorizedKey); err != nil {
		t.Fatal(err)
	}
	pair, err := seed.Parse(file, text)
	if err != nil {
		t.Fatal(err)
	}
	say("baking the disks of " + pair.Nodes[0].Name + " and " + pair.Nodes[1].Name)
	baker := &images.Baker{Project: ".", Dir: dir}
	var machines []vm.Config
	for _, n := range pair.Nodes[:2] {
		c := site.Machine(n)
		c.Disk = baker.Disk(t, images.Image{Seed: string(text), Node: n.Name})
		machines = append(machines, c)
	}
	say("starting the MariaDB servers")
	s := site.New(t, pair)
	login := site.Login{Operator: operator, From: s.Client, KnownHosts: baker.KnownHosts(t, string(text))}
	site.UseKey(t, login, pair)
	say("booting both nodes")
	began := time.Now()
	r := &running{s.Start(t, nil, machines[0], machines[1]), dir}
	say(fmt.Sprintf("both serve, and the VIP is on %s: %.1f s after power on", r.Master.Name, time.Since(began).Seconds()))
	return r
}

// command runs one on the client and returns its exit status.
func (r *running) command(t lab.T, command string) (status int) {
	run := r.Client.Command("bash", "-c", command)
	run.Stdin, run.Stdout, run.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := run.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %s: %v", command, err)
	}
	return run.ProcessState.ExitCode()
}

// stream prints both consoles until a signal comes.
func (r *running) stream() {
	fmt.Print(tour(r.Pair))
	for _, m := range []*vm.VM{r.Master, r.Backup} {
		m.Serial.Follow(func(line string) { fmt.Printf("%s | %s\n", m.Name, line) })
	}
	fmt.Println("SIGINT or SIGTERM ends it.")
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	<-signals
}

// say tells on standard error what goes on: standard output is the command's.
func say(line string) { fmt.Fprintln(os.Stderr, "run:", line) }

func terminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
