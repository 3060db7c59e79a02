package main

import (
	"os"
	"path/filepath"
	"testing"

	"twinlb/image/verify"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == verify.Argument {
		verify.Main()
		return
	}
	testscript.Main(m, map[string]func(){"twinlb": main})
}

// TestCommands runs the scripts: what a person types, and what is answered.
func TestCommands(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			// A tree of its own: a script may spoil it.
			for _, dir := range []string{"boot", "buildscripts", "examples"} {
				if err := os.CopyFS(filepath.Join(env.WorkDir, "tree", dir), os.DirFS(filepath.Join(root, dir))); err != nil {
					return err
				}
			}
			if err := os.RemoveAll(filepath.Join(env.WorkDir, "tree/examples/pair.keys")); err != nil {
				return err
			}
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, "cache"))
			return nil
		},
	})
}
