package grub

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

const (
	dir     = "/usr/lib/grub/i386-pc"
	cmdline = "console=tty0 console=ttyS0,115200 quiet panic=10"
)

func TestConfigCarriesCommandLineAndPaths(t *testing.T) {
	config, err := Config(cmdline)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"linux16 /" + Kernel + " " + cmdline + ";", "initrd16 /" + Initramfs + ";"} {
		if !strings.Contains(config, want) {
			t.Errorf("the configuration lacks %q:\n%s", want, config)
		}
	}
	if strings.Contains(config, "@") {
		t.Errorf("a placeholder is left in the configuration:\n%s", config)
	}
}

func TestConfigRefusesWhatGRUBWouldInterpret(t *testing.T) {
	for _, bad := range []string{"a'b", `dyndbg="x"`, "a=$root", "a; halt", "a\nb", "a # b", `a\b`} {
		if _, err := Config(bad); err == nil || !strings.Contains(err.Error(), "means something to GRUB") {
			t.Errorf("Config(%q): got error %v, want a refusal", bad, err)
		}
	}
}

// TestScriptsAreValid lets GRUB judge the syntax of the configuration and of the
// scripts in its evals.
func TestScriptsAreValid(t *testing.T) {
	config, err := Config(cmdline)
	if err != nil {
		t.Fatal(err)
	}
	scripts := []string{config}
	for line := range strings.Lines(config) {
		command, argument, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch command {
		case "eval":
			scripts = append(scripts, strings.Trim(argument, "'")+"\n")
		case "echo", "read":
		default:
			t.Errorf("command %q: the rescue parser, which runs this, doesn't know it:\n%s", command, line)
		}
	}
	if len(scripts) != 3 {
		t.Errorf("%d scripts in the configuration, want 2:\n%s", len(scripts)-1, config)
	}
	for _, s := range scripts {
		cmd := exec.Command("grub-script-check")
		cmd.Stdin = strings.NewReader(s)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("grub-script-check (package grub-common): %v\n%s\n%s", err, out, s)
		}
	}
}

func TestBuildIsReproducible(t *testing.T) {
	first, err := Build(dir, cmdline)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Build(dir, cmdline)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Core, second.Core) || !bytes.Equal(first.Boot, second.Boot) {
		t.Error("a second build gives other bytes")
	}
	other, err := Build(dir, cmdline+" debug")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(first.Core, other.Core) {
		t.Error("another command line gives the same core image")
	}
	const room = (2048 - 34) * 512 // the BIOS boot partition
	if len(first.Boot) != 512 || len(first.Core) > room {
		t.Errorf("boot image of %d bytes, core image of %d; want 512 and at most %d", len(first.Boot), len(first.Core), room)
	}
}

func TestBuildNamesMissingPackage(t *testing.T) {
	if _, err := Build(t.TempDir(), cmdline); err == nil || !strings.Contains(err.Error(), "grub-pc-bin") {
		t.Errorf("Build without modules: got error %v, want one that names grub-pc-bin", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Build(dir, cmdline); err == nil || !strings.Contains(err.Error(), "grub-common") {
		t.Errorf("Build without grub-mkimage: got error %v, want one that names grub-common", err)
	}
}
