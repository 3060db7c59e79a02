package sources

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrGone says that the mirror no longer has a version.
var ErrGone = errors.New("the mirror does not have it")

// apt runs apt with lists and a cache of its own, on the mirrors that this
// machine already uses. The machine's own state is neither read nor changed.
type apt struct{ dir, release string }

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// newApt prepares the private configuration for the source packages of a release
// in dir, which is kept between runs.
func newApt(dir, release string) (*apt, error) {
	for _, sub := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("prepare a private apt: %w", err)
		}
	}
	list, err := sourcesList(release)
	if err != nil {
		return nil, err
	}
	for name, text := range map[string]string{"sources.list": list, "status": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, fmt.Errorf("prepare a private apt: %w", err)
		}
	}
	return &apt{dir: dir, release: release}, nil
}

// sourcesList takes the mirrors from the machine's own apt, by the label that
// Debian's Release files carry.
func sourcesList(release string) (string, error) {
	output, err := exec.Command("apt-get", "indextargets", "--format", "$(CREATED_BY)\t$(LABEL)\t$(REPO_URI)").Output()
	if err != nil {
		return "", fmt.Errorf("ask apt for the Debian mirror that this machine uses: %w", err)
	}
	mirrors := make(map[string]string)
	for _, line := range strings.Split(string(output), "\n") {
		fields := strings.Split(line, "\t")
		if len(fields) == 3 && fields[0] == "Packages" && mirrors[fields[1]] == "" {
			mirrors[fields[1]] = fields[2]
		}
	}
	if mirrors["Debian"] == "" {
		return "", fmt.Errorf("ask apt for the Debian mirror that this machine uses: there is none with the label Debian; " +
			"run apt-get update, or give the source files with SOURCES_DIR=")
	}
	list := fmt.Sprintf("deb-src [signed-by=%s] %s %s main\n", keyring, mirrors["Debian"], release)
	if security := mirrors["Debian-Security"]; security != "" {
		list += fmt.Sprintf("deb-src [signed-by=%s] %s %s-security main\n", keyring, security, release)
	}
	return list, nil
}

func (a *apt) command(program string, args ...string) *exec.Cmd {
	options := []string{
		"-o", "Dir::Etc::sourcelist=" + filepath.Join(a.dir, "sources.list"),
		"-o", "Dir::Etc::sourceparts=-",
		"-o", "Dir::State::lists=" + filepath.Join(a.dir, "lists"),
		"-o", "Dir::State::status=" + filepath.Join(a.dir, "status"),
		"-o", "Dir::Cache=" + filepath.Join(a.dir, "cache"),
		// The directory may be one that the user _apt cannot enter.
		"-o", "APT::Sandbox::User=",
	}
	command := exec.Command(program, append(options, args...)...)
	command.Env = append(os.Environ(), "LC_ALL=C")
	return command
}

// update fetches the lists of source packages.
func (a *apt) update() error {
	if output, err := a.command("apt-get", "update").CombinedOutput(); err != nil {
		return fmt.Errorf("fetch the list of %s source packages: %w\n%s", a.release, err, tail(output))
	}
	return nil
}

// download fetches the files of one version into dir. It wraps ErrGone when the
// mirror lacks the version, or lists it and has not its files.
func (a *apt) download(name, version, dir string) error {
	command := a.command("apt-get", "source", "--download-only", "--only-source", name+"="+version)
	command.Dir = dir
	output, err := command.CombinedOutput()
	switch {
	case err == nil:
		return nil
	case bytes.Contains(output, []byte("404  Not Found")), bytes.Contains(output, []byte("Can not find version")),
		bytes.Contains(output, []byte("Unable to find a source package")):
		return fmt.Errorf("fetch %s %s: %w", name, version, ErrGone)
	}
	return fmt.Errorf("fetch %s %s: %w\n%s", name, version, err, tail(output))
}

// versions lists the versions of a package that the mirror's index has.
func (a *apt) versions(name string) ([]string, error) {
	output, err := a.command("apt-cache", "showsrc", "--only-source", name).Output()
	if err != nil {
		return nil, fmt.Errorf("list the versions of %s: %w", name, err)
	}
	var versions []string
	for _, line := range strings.Split(string(output), "\n") {
		if version, ok := strings.CutPrefix(line, "Version: "); ok {
			versions = append(versions, version)
		}
	}
	return versions, nil
}

// tail is the end of a tool's output, for an error message.
func tail(output []byte) []byte {
	const most = 2000
	return bytes.TrimSpace(output[max(0, len(output)-most):])
}
