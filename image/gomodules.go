package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// download is a module in the module cache, in the words of `go help mod download`.
type download struct {
	Path, Version, Dir string
	Info, GoMod, Zip   string // files
}

// downloadModules sees to it that modules are in the module cache, all of go.mod
// when none is named.
func (p *project) downloadModules(queries ...string) ([]download, error) {
	command := exec.Command("go", append([]string{"-C", p.root, "mod", "download", "-json"}, queries...)...)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("download the modules: go mod download: %w\n%s", err, output)
	}
	var downloads []download
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var d download
		if err := decoder.Decode(&d); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("download the modules: go mod download: %w", err)
		}
		downloads = append(downloads, d)
	}
	return downloads, nil
}
