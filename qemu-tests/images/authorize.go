package images

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v4"
)

// Authorize returns user-data that lets the key log in too. Comments may get lost.
func Authorize(userData []byte, key string) ([]byte, error) {
	const option = "ssh_authorized_keys"
	var document yaml.Node
	if err := yaml.Unmarshal(userData, &document); err != nil {
		return nil, fmt.Errorf("let a key log in: %w", err)
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("let a key log in: the seed is not a mapping of keys")
	}
	top := document.Content[0]
	line := &yaml.Node{Kind: yaml.ScalarNode, Value: key}
	var keys *yaml.Node
	for i := 0; i+1 < len(top.Content); i += 2 {
		if top.Content[i].Value == option {
			keys = top.Content[i+1]
		}
	}
	if keys == nil {
		keys = &yaml.Node{}
		top.Content = append(top.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: option}, keys)
	}
	if keys.Kind != yaml.SequenceNode { // not there, or null
		*keys = yaml.Node{Kind: yaml.SequenceNode}
	}
	keys.Style = 0
	keys.Content = append(keys.Content, line)
	var out bytes.Buffer
	out.WriteString("#cloud-config\n")
	encoder := yaml.NewEncoder(&out)
	if err := encoder.Encode(top); err != nil {
		return nil, fmt.Errorf("let a key log in: %w", err)
	}
	return out.Bytes(), encoder.Close()
}
