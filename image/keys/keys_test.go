package keys

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"twinlb/seed"
)

func TestSecretIsMadeOnceAndOnlyForItsOwner(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "pair.keys")
	first, made, err := Load(folder)
	if err != nil || !made || len(first) != secretSize {
		t.Fatalf("Load = %d bytes, made %t, %v, want %d that were made", len(first), made, err, secretSize)
	}
	second, made, err := Load(folder)
	if err != nil || made || !bytes.Equal(first, second) {
		t.Errorf("Load again = the same %t, made %t, %v, want the same, not made", bytes.Equal(first, second), made, err)
	}
	for path, want := range map[string]fs.FileMode{
		folder:                            fs.ModeDir | 0o700,
		filepath.Join(folder, secretFile): 0o600,
	} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("mode of %s = %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v, want only the secret", entries, err)
	}
}

func TestSecretsOfTwoFoldersDiffer(t *testing.T) {
	one, _, err := Load(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	two, _, err := Load(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(one, two) {
		t.Error("two folders have the same secret")
	}
}

func TestBuildsAtOnceAgreeOnOneSecret(t *testing.T) {
	const builds = 32
	folder := filepath.Join(t.TempDir(), "pair.keys")
	var secrets [builds]Secret
	var made [builds]bool
	var errs [builds]error
	var begin, all sync.WaitGroup
	begin.Add(1)
	for i := range builds {
		all.Go(func() {
			begin.Wait()
			secrets[i], made[i], errs[i] = Load(folder)
		})
	}
	begin.Done()
	all.Wait()
	makers := 0
	for i := range builds {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		if !bytes.Equal(secrets[i], secrets[0]) {
			t.Error("two builds at once have different secrets")
		}
		if made[i] {
			makers++
		}
	}
	if makers != 1 {
		t.Errorf("%d builds say that they made the secret, want 1", makers)
	}
}

func TestSecretThatAnotherBuildMadeMeanwhileIsTaken(t *testing.T) {
	folder := t.TempDir()
	first, made, err := create(folder)
	if err != nil || !made {
		t.Fatalf("create = made %t, %v, want it made", made, err)
	}
	second, made, err := create(folder)
	if err != nil || made || !bytes.Equal(first, second) {
		t.Errorf("create beside a secret = the same %t, made %t, %v, want the one that is there", bytes.Equal(first, second), made, err)
	}
}

func TestSecretThatIsNotOneIsRefused(t *testing.T) {
	good := strings.Repeat("0a", secretSize)
	for _, tt := range []struct {
		name, text string
		mode       fs.FileMode
		want       string
	}{
		{"empty", "", 0o600, "does not hold 64 hexadecimal digits"},
		{"too short", good[:2*secretSize-2] + "\n", 0o600, "does not hold 64 hexadecimal digits"},
		{"too long", good + "0a\n", 0o600, "does not hold 64 hexadecimal digits"},
		{"no digits", strings.Repeat("xy", secretSize), 0o600, "does not hold 64 hexadecimal digits"},
		{"for its group to read", good, 0o640, "chmod 600"},
		{"for others to read", good, 0o604, "chmod 600"},
		{"for others to write", good, 0o602, "chmod 600"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, secretFile)
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tt.mode); err != nil {
				t.Fatal(err)
			}
			secret, made, err := Load(folder)
			if err == nil || secret != nil || made {
				t.Fatalf("Load = %x, made %t, %v, want an error and nothing else", secret, made, err)
			}
			for _, want := range []string{tt.want, path} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error = %q, want %q in it", err, want)
				}
			}
			if text, err := os.ReadFile(path); err != nil || string(text) != tt.text {
				t.Errorf("the file is now %q, %v, want it untouched", text, err)
			}
		})
	}
}

func TestFolderThatCannotBeMadeIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, made, err := Load(filepath.Join(file, "pair.keys"))
	var wanted *fs.PathError
	if !errors.As(err, &wanted) || made {
		t.Errorf("Load = made %t, %v, want an error with the path", made, err)
	}
}

// These bytes are in disks and in known_hosts files: they must never change.
func TestDerivedKeysStayTheSame(t *testing.T) {
	secret := Secret(strings.Repeat("\x0b", secretSize))
	id := secret.DiskID("lb-a")
	for _, tt := range []struct {
		name, want string
		got        []byte
	}{
		{"host key of lb-a", "9cccc014a72e8276d39d0fa16c28cb849846b107ca058cb8778e017499895835", secret.HostKey("lb-a")},
		{"host key of lb-b", "7fb51dbbbbe2b7658ee62a147273517faa79bf2c16652b9e673616a6bee4dc75", secret.HostKey("lb-b")},
		{"pair key", "c6e283f8b7c02a00b9bd4922bb41de1c8860ec10a547e66d9881cab37c5761f1", secret.PairKey()},
		{"disk of lb-a", "94eb3d87c73a4ed60bd97d2229f4447b", id[:]},
	} {
		if got := hex.EncodeToString(tt.got); got != tt.want {
			t.Errorf("%s = %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestDerivedKeysDifferByNodePurposeAndSecret(t *testing.T) {
	seen := make(map[string]string)
	for _, filler := range []string{"\x01", "\x02"} {
		secret := Secret(strings.Repeat(filler, secretSize))
		a, b := secret.DiskID("lb-a"), secret.DiskID("lb-b")
		for name, key := range map[string][]byte{
			"host key of lb-a": secret.HostKey("lb-a"),
			"host key of lb-b": secret.HostKey("lb-b"),
			"pair key":         secret.PairKey(),
			"disk of lb-a":     a[:],
			"disk of lb-b":     b[:],
			"the secret":       secret,
		} {
			name += fmt.Sprintf(" with %q", filler)
			start := string(key[:16])
			if other := seen[start]; other != "" {
				t.Errorf("%s begins like %s", name, other)
			}
			seen[start] = name
		}
		if got := len(secret.PairKey()); got != seed.KeySize {
			t.Errorf("the pair key has %d bytes, want %d", got, seed.KeySize)
		}
	}
}

func TestKeysAreBesideTheirSeed(t *testing.T) {
	for path, want := range map[string]string{
		"pair.yaml":            "pair.keys",
		"examples/pair.yaml":   "examples/pair.keys",
		"/seeds/pair.prod.yml": "/seeds/pair.prod.keys",
		"seeds/pair":           "seeds/pair.keys",
		"seeds/pair/":          "seeds/pair.keys",
	} {
		if got := Folder(path); got != want {
			t.Errorf("Folder(%q) = %s, want %s", path, got, want)
		}
	}
}
