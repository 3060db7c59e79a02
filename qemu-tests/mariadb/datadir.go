package mariadb

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// createDataDir copies a data directory that mariadb-install-db made once for
// this version of MariaDB. In it root@localhost needs no password.
func createDataDir(dir string) error {
	template, err := dataTemplate()
	if err != nil {
		return err
	}
	if err := os.CopyFS(dir, os.DirFS(template)); err != nil {
		return fmt.Errorf("copy the data directory of a new MariaDB server: %w", err)
	}
	return nil
}

func dataTemplate() (string, error) {
	version, err := exec.Command("mariadbd", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask mariadbd for its version: %w", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("cache the data directory of a new MariaDB server: %w", err)
	}
	template := filepath.Join(cache, "twinlb", "mariadb-"+versionNumber(version))
	if _, err := os.Stat(template); err == nil {
		return template, nil
	}
	return template, installDB(template)
}

// versionNumber returns 10.11.6-MariaDB-… of "mariadbd  Ver 10.11.6-MariaDB-… for …".
func versionNumber(version []byte) string {
	_, rest, _ := strings.Cut(string(version), " Ver ")
	number, _, _ := strings.Cut(rest, " ")
	return number
}

// installDB lets a second test run that does the same at this moment win.
func installDB(template string) error {
	if err := os.MkdirAll(filepath.Dir(template), 0o755); err != nil {
		return fmt.Errorf("cache the data directory of a new MariaDB server: %w", err)
	}
	unfinished, err := os.MkdirTemp(filepath.Dir(template), "mariadb-unfinished-")
	if err != nil {
		return fmt.Errorf("cache the data directory of a new MariaDB server: %w", err)
	}
	defer os.RemoveAll(unfinished)
	install := exec.Command("mariadb-install-db", "--no-defaults", "--user=root", "--datadir="+unfinished,
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve", "--innodb-log-file-size=4M")
	if out, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("make the data directory of a new MariaDB server: %w\n%s", err, bytes.TrimSpace(out))
	}
	if err := os.Rename(unfinished, template); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("cache the data directory of a new MariaDB server: %w", err)
	}
	return nil
}
