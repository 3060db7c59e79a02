package seed

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"twinlb/seed/netconfig"
	"twinlb/seed/strict"

	"github.com/cavaliergopher/cpio"
)

// Bundle is what the seed partition of an image holds: the seed of the pair and
// what belongs to one node alone.
type Bundle struct {
	UserData      []byte // as in Files
	NetworkConfig []byte // of the node's machine; nil when the seed has none
	NodeName      string
	HostKey       []byte // seed of the node's ed25519 SSH host key (RFC 8032 §5.1.5), KeySize bytes
	PairKey       []byte // authenticates what the nodes tell each other, KeySize bytes
}

// PartitionName is the name of the GPT partition that holds a Bundle.
const PartitionName = "TWINLB-SEED"

// The keys of a bundle are files of their own.
const (
	hostKeyFile = "keys/ssh_host_ed25519.seed"
	pairKeyFile = "keys/pair.key"
)

const (
	newcMagic = "070701"
	damaged   = "the disk is damaged, write the image again"
)

// maxBundle is how far a bundle is read: two files of full size and the rest.
const maxBundle = 2*strict.MaxSize + 64<<10

// BundleFile is one file of a bundle.
type BundleFile struct {
	Name string
	Mode fs.FileMode
	Data []byte
}

// Files returns what the bundle's archive holds, in its order.
func (b *Bundle) Files() []BundleFile {
	files := []BundleFile{
		{userDataFile, 0o644, b.UserData},
		{metaDataFile, 0o644, []byte(b.metaData().String())},
	}
	if len(b.NetworkConfig) > 0 {
		files = append(files, BundleFile{networkConfigFile, 0o644, b.NetworkConfig})
	}
	return append(files,
		BundleFile{hostKeyFile, 0o600, encodeKey(b.HostKey)},
		BundleFile{pairKeyFile, 0o600, encodeKey(b.PairKey)})
}

// Encode returns the bundle as a newc cpio archive (cpio(5)). The same bundle
// gives the same bytes.
func (b *Bundle) Encode() ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("encode seed bundle: %w", err)
	}
	var archive bytes.Buffer
	w := cpio.NewWriter(&archive)
	for _, f := range b.Files() {
		// A zero ModTime and the writer's count of inodes are the same every time.
		if err := w.WriteHeader(&cpio.Header{Name: f.Name, Mode: cpio.TypeReg | cpio.FileMode(f.Mode), Size: int64(len(f.Data))}); err != nil {
			return nil, fmt.Errorf("encode seed bundle: %s: %w", f.Name, err)
		}
		if _, err := w.Write(f.Data); err != nil {
			return nil, fmt.Errorf("encode seed bundle: %s: %w", f.Name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encode seed bundle: %w", err)
	}
	return archive.Bytes(), nil
}

func (b *Bundle) check() error {
	if len(b.UserData) == 0 || len(b.UserData) > strict.MaxSize {
		return fmt.Errorf("user-data has %d bytes, want 1 to %d", len(b.UserData), strict.MaxSize)
	}
	if len(b.NetworkConfig) > strict.MaxSize {
		return fmt.Errorf("network-config has %d bytes, at most %d are possible", len(b.NetworkConfig), strict.MaxSize)
	}
	if _, err := netconfig.HostLabel(b.NodeName); err != nil {
		return fmt.Errorf("the node name %s %w", strict.Quote(b.NodeName), err)
	}
	if len(b.HostKey) != KeySize || len(b.PairKey) != KeySize {
		return fmt.Errorf("the host key has %d bytes and the pair key %d, want %d each", len(b.HostKey), len(b.PairKey), KeySize)
	}
	return nil
}

// metaData ties the seed to the node, and is a checksum of it.
func (b *Bundle) metaData() metaData {
	return metaData{instanceID: hexSHA256(slices.Concat(b.UserData, b.NetworkConfig))[:16] + "-" + b.NodeName, hostname: b.NodeName}
}

// DecodeBundle reads a bundle from the beginning of a partition. What follows the
// archive is not looked at.
func DecodeBundle(r io.Reader) (*Bundle, error) {
	files, err := readFiles(io.LimitReader(r, maxBundle))
	if err != nil {
		return nil, fmt.Errorf("read seed partition: %w", err)
	}
	b := &Bundle{UserData: files[userDataFile], NetworkConfig: files[networkConfigFile]}
	if b.HostKey, err = decodeKey(files[hostKeyFile]); err != nil {
		return nil, fmt.Errorf("read seed partition: %s: %w", hostKeyFile, err)
	}
	if b.PairKey, err = decodeKey(files[pairKeyFile]); err != nil {
		return nil, fmt.Errorf("read seed partition: %s: %w", pairKeyFile, err)
	}
	_, name, _ := strings.Cut(string(files[metaDataFile]), "\nlocal-hostname: ")
	b.NodeName = strings.TrimSuffix(name, "\n")
	if got, want := string(files[metaDataFile]), b.metaData().String(); got != want {
		return nil, fmt.Errorf("read seed partition: meta-data is %s, but %q belongs to this user-data; %s", strict.Quote(got), want, damaged)
	}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("read seed partition: %w", err)
	}
	return b, nil
}

// readFiles reads the archive: the files of a bundle, all that it must have and
// nothing that it can't.
func readFiles(r io.Reader) (map[string][]byte, error) {
	required := []string{userDataFile, metaDataFile, hostKeyFile, pairKeyFile}
	files := map[string][]byte{}
	begin := make([]byte, len(newcMagic))
	if _, err := io.ReadFull(r, begin); err != nil {
		return nil, fmt.Errorf("it ends before a seed begins: %w", err)
	}
	switch {
	case bytes.Equal(begin, make([]byte, len(begin))):
		return nil, errors.New("it is empty, no seed was ever written to it; write the image again")
	case string(begin) != newcMagic:
		return nil, fmt.Errorf("it begins with %q, a seed with %q; %s", begin, newcMagic, damaged)
	}
	archive := cpio.NewReader(io.MultiReader(bytes.NewReader(begin), r))
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("after %d of its files: %w; %s", len(files), err, damaged)
		}
		if header.Name != networkConfigFile && !slices.Contains(required, header.Name) || !header.Mode.IsRegular() {
			return nil, fmt.Errorf("%s does not belong into a seed", strict.Quote(header.Name))
		}
		if files[header.Name] != nil {
			return nil, fmt.Errorf("%s is there twice", header.Name)
		}
		data, err := readBody(archive, header.Size)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", header.Name, err)
		}
		files[header.Name] = data
	}
	for _, name := range required {
		if files[name] == nil {
			return nil, fmt.Errorf("%s is missing; %s", name, damaged)
		}
	}
	return files, nil
}

// readBody checks the size first: the cpio package takes a negative one from
// a damaged header, and ends early without an error where the archive does.
func readBody(archive io.Reader, size int64) ([]byte, error) {
	if size < 0 || size > strict.MaxSize {
		return nil, fmt.Errorf("has %d bytes, at most %d are possible", size, strict.MaxSize)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(archive, data); err != nil {
		return nil, fmt.Errorf("ends too early: %w", err)
	}
	return data, nil
}

// Seed returns the files of the seed, with meta-data that names the bundle's node.
func (b *Bundle) Seed() *Files {
	return &Files{
		Name:          userDataFile,
		UserData:      b.UserData,
		MetaData:      []byte(b.metaData().String()),
		NetworkConfig: b.NetworkConfig,
	}
}

// Spec parses the seed of the bundle and resolves it to the bundle's node.
func (b *Bundle) Spec() (*Spec, error) {
	pair, err := b.Seed().Parse()
	if err != nil {
		return nil, err
	}
	return pair.ForName(b.NodeName)
}

func encodeKey(key []byte) []byte {
	return []byte(hex.EncodeToString(key) + "\n")
}

func decodeKey(text []byte) ([]byte, error) {
	key, err := hex.DecodeString(strings.TrimSuffix(string(text), "\n"))
	if err != nil || len(key) != KeySize {
		return nil, fmt.Errorf("is not a key of %d bytes in hexadecimal; %s", KeySize, damaged)
	}
	return key, nil
}
