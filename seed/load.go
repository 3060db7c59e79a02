package seed

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Load reads and checks a seed: a file of user-data, or a folder for
// cloud-init's NoCloud data source with user-data and perhaps meta-data in it.
// The error is Problems unless the file can't be read.
func Load(path string) (*Pair, error) {
	name, userData, err := Read(path)
	if err != nil {
		return nil, err
	}
	pair, err := Parse(name, userData)
	if err != nil {
		return nil, err
	}
	if filepath.Base(name) == "user-data" {
		if err := checkFolder(filepath.Dir(name), pair); err != nil {
			return nil, err
		}
	}
	return pair, nil
}

// Read returns the user-data of a seed, unchecked, and the name of its file.
func Read(path string) (name string, userData []byte, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", nil, fmt.Errorf("read seed: %w", err)
	}
	if info.IsDir() {
		path = filepath.Join(path, "user-data")
	}
	userData, err = readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("read seed: a folder needs a file user-data: %w", err)
	} else if err != nil {
		return "", nil, fmt.Errorf("read seed: %w", err)
	}
	return path, userData, nil
}

// readFile reads no more of a file than is needed to see that it is too big.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSize+1))
}

// checkFolder checks what stands beside user-data.
func checkFolder(dir string, pair *Pair) error {
	for name, reason := range map[string]string{
		"network-config": "is not supported yet; write the addresses into user-data, under twinlb.nodes and twinlb.gateway",
		"vendor-data":    "is not acted on; a seed is user-data and meta-data",
	} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return Problems{{File: filepath.Join(dir, name), Line: 1, Column: 1, Message: name + " " + reason}}
		}
	}
	path := filepath.Join(dir, "meta-data")
	data, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("read seed: %w", err)
	}
	_, err = parseMetaData(path, data, pair)
	return err
}
