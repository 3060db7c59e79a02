package main

import (
	"fmt"
	"os"
	"path/filepath"

	"al.essio.dev/pkg/shellescape"

	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/vm"
)

// tmuxConfig makes F10 end it all, like the end of the shell does.
const tmuxConfig = `
set -g default-terminal screen-256color
set -g mouse on
set -g history-limit 20000
set -g pane-border-status top
set -g pane-border-format " #{pane_title} "
set -g status-left " twinlb "
set -g status-right " F10 or Ctrl-D: stop it all "
set -g window-status-current-format ""
set -g escape-time 10
bind-key -n F10 kill-session
`

// show fills the terminal with both consoles and a shell on the client, and
// returns when that ends.
func (r *running) show(t lab.T) {
	config, rc := filepath.Join(r.dir, "tmux.conf"), filepath.Join(r.dir, "bashrc")
	greeting := filepath.Join(r.dir, "tour")
	for file, text := range map[string]string{
		config:   tmuxConfig,
		greeting: tour(r.Pair),
		rc:       "[ -r ~/.bashrc ] && . ~/.bashrc\nPS1='client$ '\ncat " + greeting + "\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatalf("show the pair: %v", err)
		}
	}
	shell := r.Client.Command("bash", "--rcfile", rc, "-i")
	tmux := r.Client.Command("tmux", "-u", "-S", filepath.Join(r.dir, "tmux"), "-f", config,
		"new-session", "-s", "twinlb", pane(r.Master.Name, follow(r.Master)), ";",
		"split-window", "-h", pane(r.Backup.Name, follow(r.Backup)), ";",
		"split-window", "-v", "-f", "-l", "60%", pane("client", shellescape.QuoteCommand(shell.Args)+"; tmux kill-session"))
	tmux.Env = append(os.Environ(), "TMUX=")
	tmux.Stdin, tmux.Stdout, tmux.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := tmux.Run(); err != nil {
		t.Fatalf("show the pair with tmux: %v", err)
	}
}

// pane is a command with a title.
func pane(title, command string) string {
	return fmt.Sprintf("printf '\\033]2;%s\\033\\\\'; %s", title, command)
}

func follow(m *vm.VM) string { return "tail -n +1 -F " + m.SerialLog() }
