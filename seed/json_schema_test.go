package seed

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"twinlb/seed/strict"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

func compileSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(JSONSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("seed.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("seed.json") // against the meta-schema too
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestSchemaDescribesEveryKey wants a description of each key, and none of a key
// that is not there.
func TestSchemaDescribesEveryKey(t *testing.T) {
	var described []string
	eachKey(userDataShape(), "", func(path string, _ *strict.Shape, _ bool) {
		described = append(described, path)
		if meanings[path] == "" {
			t.Errorf("%s has no meaning", path)
		}
	})
	for path := range meanings {
		if !slices.Contains(described, path) {
			t.Errorf("%s has a meaning and is no key", path)
		}
	}
}

// TestSchemaAndParserAgree changes good seeds at random, and wants the schema to
// accept what the parser decodes and nothing else.
func TestSchemaAndParserAgree(t *testing.T) {
	rounds := 5000
	if testing.Short() {
		rounds = 1000
	}
	schema := compileSchema(t)
	seeds := goodSeeds(t)
	random := rand.New(rand.NewPCG(1, 2))
	var accepted, refused, excused int
	for range rounds {
		root := cloneNode(seeds[random.IntN(len(seeds))])
		for range 1 + random.IntN(2) {
			mutate(random, root)
		}
		text, err := yaml.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		problems, instance := decodeBoth(t, text)
		wrong := schema.Validate(instance)
		switch {
		case len(problems) == 0 && wrong == nil:
			accepted++
		case len(problems) > 0 && wrong != nil:
			refused++
		case len(problems) > 0 && beyondSchemas(problems):
			excused++
		case len(problems) == 0:
			t.Fatalf("the schema refuses what the parser takes:\n%s\n%v", text, wrong)
		default:
			t.Fatalf("the schema takes what the parser refuses:\n%s\n%v", text, problems)
		}
	}
	t.Logf("%d accepted, %d refused, %d excused", accepted, refused, excused)
	if accepted < rounds/20 || refused < rounds/10 || excused > rounds/20 {
		t.Error("the changes are too much of one kind to tell anything")
	}
}

// beyondSchemas reports problems that no JSON Schema finds.
func beyondSchemas(problems strict.Problems) bool {
	for _, p := range problems {
		if !strings.Contains(p.Message, "is out of range") && !strings.Contains(p.Message, "is not a multiple of 10ms") &&
			!strings.Contains(p.Message, "items together") && !strings.Contains(p.Message, "is cut short") && !strings.Contains(p.Message, "but the key itself is") {
			return false
		}
	}
	return true
}

// decodeBoth decodes a seed, without the checks of values against each other, and
// as an editor does.
func decodeBoth(t *testing.T, text []byte) (strict.Problems, any) {
	t.Helper()
	s, problems := strict.NewSource("x", text)
	if problems != nil {
		t.Fatalf("%v\n%s", problems, text)
	}
	root, problems := s.Root()
	if problems != nil {
		t.Fatalf("%v\n%s", problems, text)
	}
	userData(root)
	var instance any
	if err := yaml.Unmarshal(text, &instance); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return root.Problems, plainMaps(instance)
}

// plainMaps returns the value with the maps that JSON has.
func plainMaps(v any) any {
	switch v := v.(type) {
	case map[any]any:
		m := map[string]any{}
		for key, value := range v {
			m[key.(string)] = plainMaps(value)
		}
		return m
	case map[string]any:
		for key, value := range v {
			v[key] = plainMaps(value)
		}
	case []any:
		for i, value := range v {
			v[i] = plainMaps(value)
		}
	}
	return v
}

func goodSeeds(t *testing.T) []*yaml.Node {
	t.Helper()
	texts := [][]byte{[]byte(base), []byte(dual)}
	for _, file := range append(seedFiles(t, "testdata/good"), seedFiles(t, "testdata/lint")...) {
		f, err := Read(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, f.UserData)
	}
	var seeds []*yaml.Node
	for _, text := range texts {
		s, _ := strict.NewSource("x", text)
		root, problems := s.Root()
		if problems != nil {
			t.Fatal(problems)
		}
		seeds = append(seeds, root.Node)
	}
	return seeds
}

// cloneNode copies a tree, without aliases, comments and places.
func cloneNode(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	c := &yaml.Node{Kind: n.Kind, Value: n.Value, Tag: n.Tag, Style: n.Style}
	for _, child := range n.Content {
		c.Content = append(c.Content, cloneNode(child))
	}
	return c
}

// interesting are values of keys, right for some and wrong for others.
var interesting = strings.Fields(`
	0 1 2 7 22 29 30 64 126 127 128 255 256 257 65535 65536 100000 100001 -1 3306 8404 999999999999999
	lb-a LB-A -a a- a_b _a a.b lo eth0 enp0s31f6.4094 abcdefghijklmnop master backup backups roundrobin leastconn first source sha2 native v1 v2
	never 200ms 30s 5m 1.5s 1m30s 0s .5s 1. s 1d 10 50ms 40ms 105ms 1h 24h 25h +1s -1s 1µs
	192.0.2.1 192.0.2.01 192.0.2.256 192.0.2 0.0.0.1 1.0.0.0 126.0.0.1 127.0.0.1 128.0.0.1 223.255.255.255 224.0.0.1 255.255.255.255
	192.0.2.1/7 192.0.2.1/8 192.0.2.1/24 192.0.2.1/029 192.0.2.1/29 192.0.2.1/30 192.0.2.1/32 192.0.2.1/33 10.0.0.0/8 0.0.0.0/0 127.0.0.1/8
	2001:db8::1 2001:DB8:0:0:0:0:0:1 2001:db8:: 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7:: 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7 ::2:3:4:5:6:7:8 ::8 1::2::3 12345::1
	::1 :: 0:0:0:0:0:0:0:1 0::2 fe80::1 FE80::1 febf::1 fec0::1 ff02::1 fd00::1 fe80::1%eth0 ::ffff:192.0.2.1 ::ffff:c000:201 64:ff9b::192.0.2.1 1:2:3:4:5:6:192.0.2.1 1::192.0.2.1
	2001:db8::1/15 2001:db8::1/16 2001:db8::1/64 2001:db8::1/126 2001:db8::1/127 2001:db8::1/128 2001:db8::1/129 2001:db8::1/064 ::/0 ::ffff:10.0.0.0/104 0:0:0:0:0:ffff::/96 ::ffff:0:0/95
	[2001:db8::1] 192.0.2.1:80 db.example.com
	52:54:00:12:34:56 52-54-00-12-34-56 5254.0012.3456 52:54:00:12:34 52:54:00:12:34:56:78:9a 53:54:00:12:34:56 00:00:00:00:00:00 0000.0000.0000 52:54-00:12:34:56 5G:54:00:12:34:56
	ssh-ed25519 ssh-rsa true false null yes ~ haproxy_check a@b
	ssh_authorized_keys twinlb vips nodes gateway vrrp pools name role address interface match macaddress management port balance check user auth
	allow proxy_protocol backends weight maxconn slowstart virtual_router_id advert_interval preempt`)

// mutate changes one thing somewhere in a seed.
func mutate(random *rand.Rand, root *yaml.Node) {
	var nodes []*yaml.Node
	var gather func(*yaml.Node)
	gather = func(n *yaml.Node) {
		nodes = append(nodes, n)
		for i, child := range n.Content {
			if n.Kind != yaml.MappingNode || i%2 == 1 {
				gather(child)
			}
		}
	}
	gather(root)
	n := nodes[random.IntN(len(nodes))]
	switch i := 0; {
	case n.Kind == yaml.MappingNode && len(n.Content) > 0 && random.IntN(2) == 0:
		i = random.IntN(len(n.Content)/2) * 2
		if random.IntN(2) == 0 {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
		key := scalarNode(random)
		for k := 0; k < len(n.Content); k += 2 {
			if n.Content[k].Value == key.Value { // twice is no JSON
				return
			}
		}
		key.Style = yaml.DoubleQuotedStyle
		n.Content = append(n.Content, key, scalarNode(random))
	case n.Kind == yaml.SequenceNode && len(n.Content) > 0 && random.IntN(2) == 0:
		i = random.IntN(len(n.Content))
		switch random.IntN(20) {
		default:
			n.Content = slices.Delete(n.Content, i, i+1)
		case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9:
			n.Content = append(n.Content, cloneNode(n.Content[i]))
		case 10:
			for range strict.MaxItems {
				n.Content = append(n.Content, cloneNode(n.Content[i]))
			}
		}
	case n.Kind == yaml.ScalarNode && random.IntN(8) > 0:
		*n = *scalarNode(random)
	default:
		switch random.IntN(4) {
		case 0:
			*n = yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{cloneNode(n)}}
		case 1:
			*n = yaml.Node{Kind: yaml.SequenceNode}
		case 2:
			*n = yaml.Node{Kind: yaml.MappingNode}
		default:
			*n = *scalarNode(random)
		}
	}
}

// otherNumbers are what YAML takes for a number or a truth that is written otherwise
// than the parser wants it: an editor sees the value alone.
var otherNumbers = regexp.MustCompile(`^([+-]?\.?[0-9][0-9_.eE]*|true|false|yes|no|null|~)$`)

func scalarNode(random *rand.Rand) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: interesting[random.IntN(len(interesting))]}
	plainNumber := regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`).MatchString(n.Value)
	if otherNumbers.MatchString(n.Value) && !plainNumber || random.IntN(3) == 0 {
		n.Style, n.Tag = yaml.DoubleQuotedStyle, "!!str"
	}
	return n
}

// TestSchemaDefaults wants the defaults as a seed would have them.
func TestSchemaDefaults(t *testing.T) {
	got := map[string]any{}
	eachKey(userDataShape(), "", func(path string, s *strict.Shape, _ bool) {
		if s.Default != nil {
			got[path] = s.Default
		}
	})
	want := map[string]any{
		"vrrp.virtual_router_id":    int64(100),
		"vrrp.advert_interval":      "200ms",
		"vrrp.preempt":              "30s",
		"pools[].port":              uint64(3306),
		"pools[].balance":           "roundrobin",
		"pools[].check.user":        "haproxy_check",
		"pools[].check.auth":        "native",
		"pools[].backends[].port":   uint64(3306),
		"pools[].backends[].backup": false,
		"pools[].backends[].weight": int64(1),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got)\n%s", diff)
	}
}

// TestSchemaTruths has the plain words that the parser takes for a truth.
func TestSchemaTruths(t *testing.T) {
	schema := compileSchema(t)
	for _, test := range []struct{ from, to string }{
		{"backup: true", "backup: false"},
		{"backup: true", "backup: 'true'"},
		{"preempt: 5m", "preempt: false"},
		{"preempt: 5m", "preempt: never"},
	} {
		problems, instance := decodeBoth(t, change(t, test.from, test.to))
		if err := schema.Validate(instance); err != nil || len(problems) > 0 {
			t.Errorf("%s: the schema says %v, the parser %v", test.to, err, problems)
		}
	}
}

// TestSchemaIsStable wants the same bytes each time, and the keys in the order of the tables.
func TestSchemaIsStable(t *testing.T) {
	text := JSONSchema()
	if !json.Valid(text) || !bytes.Equal(text, JSONSchema()) {
		t.Error("JSONSchema gives other bytes the second time, or no JSON")
	}
	at := -1
	for _, key := range []string{`"vips"`, `"nodes"`, `"gateway"`, `"vrrp"`, `"pools"`} {
		next := bytes.Index(text, []byte(key+`: {`))
		if next <= at {
			t.Errorf("%s stands at %d, want it after %d", key, next, at)
		}
		at = next
	}
}
