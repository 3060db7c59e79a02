// Package packages sees to it that the Debian packages are there that a build
// or a test needs. A list is a file with a package a line and the reason behind a #.
package packages

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"twinlb/image/progress"
)

// Read returns the packages of the lists, in their order.
func Read(lists ...string) ([]string, error) {
	var names []string
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			return nil, fmt.Errorf("read the list of packages: %w", err)
		}
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			name, _, _ := strings.Cut(lines.Text(), "#")
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// Versions returns "name version" lines of the packages: what a compiler and its
// libraries are, for the key of what they build.
func Versions(names []string) (string, error) {
	versions, missing, err := query(names)
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("%s: not installed", strings.Join(missing, " "))
	}
	if err != nil {
		return "", fmt.Errorf("ask for the versions of packages: %w", err)
	}
	return versions, nil
}

// Ensure installs what is missing. Who may not install gets the command to give
// to somebody who may.
func Ensure(report *progress.Report, names []string) error {
	_, missing, err := query(names)
	if err != nil {
		return fmt.Errorf("look for needed packages: %w", err)
	}
	if len(missing) == 0 {
		return nil
	}
	install := append([]string{"install", "--yes", "--no-install-recommends"}, missing...)
	if os.Geteuid() != 0 {
		return advise(install)
	}
	step := report.Start("packages", fmt.Sprintf("installing %d with apt-get", len(missing)))
	for _, args := range [][]string{{"update"}, install} {
		command := exec.Command("apt-get", args...)
		command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if output, err := run(command, report.Verbose); err != nil {
			return step.Failed(fmt.Errorf("apt-get %s: %w\n%s", strings.Join(args, " "), err, output))
		}
	}
	step.Done("%d installed", len(missing))
	return nil
}

func advise(install []string) error {
	return fmt.Errorf("packages are missing, and only root may install them. Run this, then try again:\n\n"+
		"  sudo apt-get update && sudo apt-get %s", strings.Join(install, " "))
}

func run(command *exec.Cmd, verbose bool) ([]byte, error) {
	if verbose {
		command.Stdout, command.Stderr = os.Stderr, os.Stderr
		return nil, command.Run()
	}
	return command.CombinedOutput()
}

// query asks dpkg for all packages at once.
func query(names []string) (versions string, missing []string, err error) {
	command := exec.Command("dpkg-query", append([]string{"--show", "--showformat=${db:Status-Status} ${Package} ${Version}\n"}, names...)...)
	command.Env = append(os.Environ(), "LC_ALL=C")
	// dpkg-query exits with 1 when it does not know a package; that is no failure here.
	output, err := command.Output()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		return "", nil, fmt.Errorf("%w: twinlb is built on Debian 12", err)
	}
	installed := make(map[string]bool)
	var lines []string
	for _, line := range strings.Split(string(output), "\n") {
		status, rest, _ := strings.Cut(line, " ")
		name, _, _ := strings.Cut(rest, " ")
		if status == "installed" {
			installed[name] = true
			lines = append(lines, rest)
		}
	}
	for _, name := range names {
		if !installed[name] {
			missing = append(missing, name)
		}
	}
	return strings.Join(lines, "\n"), missing, nil
}
