package seed

import (
	"errors"
	"fmt"

	"twinlb/seed/netconfig"
	"twinlb/seed/strict"
)

// metaData is what cloud-init's NoCloud data source says of one machine.
type metaData struct {
	instanceID string // another one tells cloud-init that the machine is a new one
	hostname   string // the name of a node
}

// String returns meta-data as it stands in a file.
func (m metaData) String() string {
	return fmt.Sprintf("instance-id: %s\nlocal-hostname: %s\n", m.instanceID, m.hostname)
}

// parseMetaData reads meta-data that belongs to the pair, which is nil when it
// could not be read. The file may be empty.
func parseMetaData(name string, data []byte, pair *Pair) (metaData, strict.Problems) {
	var m metaData
	s, problems := strict.NewSource(name, data)
	if problems != nil {
		return m, problems
	}
	root, problems := s.Root()
	if problems != nil || root.Node == nil {
		return m, problems
	}
	root.Mapping(map[string]string{
		"hostname":           "is not acted on; write local-hostname",
		"network-interfaces": "is not supported; write the addresses into network-config",
		"network-config":     "is not acted on here; give it as a file network-config",
		"public-keys":        "is not acted on; write ssh_authorized_keys into user-data",
		"dsmode":             "is not acted on; a node has one way to start",
	},
		strict.Optional("instance-id", &m.instanceID, strict.Scalar(instanceID)),
		strict.Optional("local-hostname", &m.hostname, strict.Scalar(func(text string) (string, error) {
			if pair == nil {
				return netconfig.HostLabel(text)
			}
			if len(pair.nodesWith(func(n Node) bool { return n.Name == text })) == 0 {
				return "", errors.New("is none of the nodes: " + pair.nodeList())
			}
			return text, nil
		})),
	)
	return m, root.Problems
}

// instanceID parses an identifier that is opaque to cloud-init.
func instanceID(text string) (string, error) {
	if text == "" {
		return "", errors.New("is empty; any word will do that changes with the seed")
	}
	return text, nil
}
