package doctest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Shell is a Runner with bash, one for each script, without a terminal or input.
type Shell struct {
	// Command is exec.Command, or that of a lab.Namespace.
	Command func(name string, args ...string) *exec.Cmd
	Dir     string   // in which scripts begin; the present one if empty
	Env     []string // more variables, KEY=value
}

// Run implements Runner. When the context ends, so do the script and what it has
// started. What it leaves running in the background must not keep its output.
func (s Shell) Run(ctx context.Context, script string) (output string, status int, err error) {
	cmd := s.Command("bash", "-c", script)
	cmd.Dir = s.Dir
	cmd.Env = append(cmd.Environ(), s.Env...)
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	cmd.WaitDelay = time.Second
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Setpgid = true
	if err := cmd.Start(); err != nil {
		return "", 0, fmt.Errorf("start bash: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	err = cmd.Wait()
	inTime := stop()
	var exit *exec.ExitError
	switch {
	case !inTime:
		return "", 0, fmt.Errorf("it has not ended: %w; so far it has printed %q", ctx.Err(), both.String())
	case errors.Is(err, exec.ErrWaitDelay):
		return "", 0, fmt.Errorf("what it left running keeps its output: redirect that of what goes on in the background")
	case err != nil && (!errors.As(err, &exit) || exit.ExitCode() < 0):
		return "", 0, fmt.Errorf("bash: %w; it has printed %q", err, both.String())
	}
	return both.String(), cmd.ProcessState.ExitCode(), nil
}

// checkSyntax has bash read the commands without running any.
func (b *Block) checkSyntax(ctx context.Context) error {
	var wrong []error
	for i := range b.Commands {
		c := &b.Commands[i]
		if out, err := exec.CommandContext(ctx, "bash", "-n", "-c", c.Script).CombinedOutput(); err != nil {
			wrong = append(wrong, fmt.Errorf("%v: bash cannot read %s: %w: %s", c.Position, c, err, strings.TrimSpace(string(out))))
		}
	}
	return errors.Join(wrong...)
}
