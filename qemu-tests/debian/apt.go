package debian

import (
	"fmt"
	"os/exec"
	"strings"
)

const (
	suite   = "bookworm"
	keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
)

// sources is a sources.list(5) of Debian 12, on the mirrors that this machine's
// apt uses.
func sources() (string, error) {
	targets, err := exec.Command("apt-get", "indextargets", "--format", "$(LABEL)\t$(REPO_URI)", "Created-By: Packages").Output()
	if err != nil {
		return "", fmt.Errorf("ask apt for the Debian mirror that this machine uses: %w", err)
	}
	return sourcesOn(string(targets))
}

// sourcesOn takes the mirrors by the label that Debian's Release files carry.
func sourcesOn(targets string) (string, error) {
	mirrors := make(map[string]string)
	for line := range strings.Lines(targets) {
		label, uri, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if mirrors[label] == "" {
			mirrors[label] = uri
		}
	}
	if mirrors["Debian"] == "" {
		return "", fmt.Errorf("ask apt for the Debian mirror that this machine uses: there is none with the label Debian; run apt-get update")
	}
	list := fmt.Sprintf("deb [signed-by=%s] %s %s main\n", keyring, mirrors["Debian"], suite)
	if security := mirrors["Debian-Security"]; security != "" {
		list += fmt.Sprintf("deb [signed-by=%s] %s %s-security main\n", keyring, security, suite)
	}
	return list, nil
}

// acquireSettings is how this machine's apt fetches: through which proxy, with
// what patience. mmdebstrap's apt reads no configuration of the host.
func acquireSettings() (string, error) {
	dump, err := exec.Command("apt-config", "dump").Output()
	if err != nil {
		return "", fmt.Errorf("ask apt how this machine fetches: %w", err)
	}
	return acquireIn(string(dump)), nil
}

func acquireIn(dump string) string {
	var settings strings.Builder
	for line := range strings.Lines(dump) {
		// The lists of lists to fetch have @ in their values and are apt's own anyway.
		if strings.HasPrefix(line, "Acquire::") && !strings.HasPrefix(line, "Acquire::IndexTargets") {
			settings.WriteString(line)
		}
	}
	return settings.String()
}
