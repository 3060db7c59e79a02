package seed

import (
	"strings"

	"twinlb/seed/netconfig"
	"twinlb/seed/strict"
)

// Parse reads user-data alone: YAML that starts with the line #cloud-config, perhaps
// compressed with gzip. The name stands in messages. The error is Problems with
// all that is wrong.
func Parse(name string, userData []byte) (*Pair, error) {
	return (&Files{Name: name, UserData: userData}).Parse()
}

// parseUserData returns the pair, or what is wrong with its text. configured tells
// that there is a network-config, and machine what it says if it can be read.
func parseUserData(name string, data []byte, configured bool, machine *netconfig.Machine) (*Pair, strict.Problems) {
	text, problems := strict.Unpack(name, data)
	if problems != nil {
		return nil, problems
	}
	s, problems := strict.NewSource(name, text)
	if problems == nil {
		problems = checkHeader(s)
	}
	if problems != nil {
		return nil, problems
	}
	root, problems := s.Root()
	if problems != nil {
		return nil, problems
	}
	if root.Node == nil {
		return nil, s.Problems(1, 1, "nothing but comments; a seed needs the key twinlb")
	}
	pair := cloudConfig(root, configured, machine)
	if len(root.Problems) > 0 {
		return nil, root.Problems
	}
	return &pair, nil
}

const header = "#cloud-config"

// otherFormats are what else cloud-init takes as user-data, by the first line
// in lower case.
var otherFormats = []struct{ prefix, name string }{
	{"#!", "a script, and a node runs none"},
	{"content-type:", "a MIME multipart message; give the cloud-config part alone"},
	{"mime-version:", "a MIME multipart message; give the cloud-config part alone"},
	{"## template:", "a template, and nothing here fills it in; render it first"},
	{"#include", "a list of addresses to fetch from, and a node fetches nothing"},
	{"#cloud-config-archive", "an archive of several parts; give the cloud-config part alone"},
	{"#cloud-config-jsonp", "a JSON patch; give the whole cloud-config"},
	{"#cloud-boothook", "a boot hook, and a node runs none"},
	{"#part-handler", "a part handler, and a node runs none"},
	{"#upstart-job", "an upstart job, and a node runs none"},
}

func checkHeader(s *strict.Source) strict.Problems {
	first := strings.TrimRight(s.Lines[0], " \t")
	if first == header {
		return nil
	}
	if first == "" && s.Blank() {
		return s.Problems(1, 1, "the file is empty; a seed starts with the line %s", header)
	}
	for _, f := range otherFormats {
		if strings.HasPrefix(strings.ToLower(first), f.prefix) {
			return s.Problems(1, 1, "this is %s; a seed starts with the line %s", f.name, header)
		}
	}
	return s.Problems(1, 1, "the first line must be %s", header)
}
