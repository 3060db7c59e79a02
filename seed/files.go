package seed

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"twinlb/seed/netconfig"
	"twinlb/seed/strict"
)

// Files are a seed as cloud-init's NoCloud data source has it: user-data of the
// pair, and what says more about one node's machine. Only user-data must not be empty.
type Files struct {
	Name          string // of user-data in messages; the others are named as if beside it
	UserData      []byte // as it is, perhaps compressed with gzip
	MetaData      []byte
	NetworkConfig []byte
	VendorData    []byte // is not acted on, so there must be none
}

// The names of the files in a folder or on a drive.
const (
	userDataFile      = "user-data"
	metaDataFile      = "meta-data"
	networkConfigFile = "network-config"
	vendorDataFile    = "vendor-data"
)

// Load reads and checks a seed: a file of user-data, or a folder with user-data
// and perhaps meta-data and network-config in it. The error is strict.Problems
// unless a file can't be read.
func Load(path string) (*Pair, error) {
	files, err := Read(path)
	if err != nil {
		return nil, err
	}
	return files.Parse()
}

// Read returns the files of a seed, unchecked. A user-data that stands in a
// folder belongs to the files beside it, whether the path names it or the folder.
func Read(path string) (*Files, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read seed: %w", err)
	}
	if info.IsDir() {
		path = filepath.Join(path, userDataFile)
	}
	f := &Files{Name: path}
	f.UserData, err = readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read seed: a folder needs a file user-data: %w", err)
	} else if err != nil {
		return nil, fmt.Errorf("read seed: %w", err)
	}
	if filepath.Base(path) != userDataFile {
		return f, nil
	}
	for name, to := range map[string]*[]byte{
		metaDataFile: &f.MetaData, networkConfigFile: &f.NetworkConfig, vendorDataFile: &f.VendorData,
	} {
		if *to, err = readFile(f.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read seed: %w", err)
		}
	}
	return f, nil
}

// readFile reads no more of a file than is needed to see that it is too big.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, strict.MaxSize+1))
}

// path is the name of a file in messages.
func (f *Files) path(name string) string {
	return filepath.Join(filepath.Dir(f.Name), name)
}

// Parse checks the files and what they say together. The error is
// strict.Problems with all that is wrong, file by file.
func (f *Files) Parse() (*Pair, error) {
	machine, inNetworkConfig := netconfig.Parse(f.path(networkConfigFile), f.NetworkConfig)
	configured := machine != nil || len(inNetworkConfig) > 0
	pair, inUserData := parseUserData(f.Name, f.UserData, configured, machine)
	meta, inMetaData := parseMetaData(f.path(metaDataFile), f.MetaData, pair)
	var problems strict.Problems
	for _, found := range []strict.Problems{inUserData, inMetaData, inNetworkConfig, f.checkVendorData()} {
		found.Sort()
		problems = append(problems, found...)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	pair.Hostname = meta.hostname
	if wrong := pair.checkMachine(); len(wrong) > 0 {
		return nil, wrong
	}
	return pair, nil
}

// checkMachine finds what does not suit the node that the network-config describes,
// if that is known already.
func (p *Pair) checkMachine() strict.Problems {
	i, problems := p.described()
	if i < 0 {
		return problems
	}
	_, problems, warnings := p.networkOf(i)
	p.Warnings = append(p.Warnings, warnings...)
	return problems
}

// checkVendorData refuses what cloud-init would merge below user-data. Proxmox VE
// writes an empty file.
func (f *Files) checkVendorData() strict.Problems {
	s, problems := strict.NewSource(f.path(vendorDataFile), f.VendorData)
	if problems != nil || s.Blank() {
		return problems
	}
	return s.Problems(1, 1, "vendor-data is not acted on; write what is needed into user-data, and leave this file empty")
}
