package strict_test

import (
	"errors"
	"fmt"

	"twinlb/seed/strict"
)

func port(text string) (int, error) {
	n, err := strict.Decimal(text, 1, 65535)
	if err != nil {
		return 0, fmt.Errorf("is not a port, %w", err)
	}
	return n, nil
}

func name(text string) (string, error) {
	if !strict.MadeOf(text, 20, "a-z0-9-") {
		return "", errors.New("is not a name: up to 20 of a-z, 0-9 and -")
	}
	return text, nil
}

func Example() {
	type server struct {
		Name string
		Port int
	}
	decode := func(v strict.Value) server {
		s := server{Port: 3306}
		v.Mapping(nil,
			strict.Required("name", &s.Name, strict.Scalar(name)),
			strict.Optional("port", &s.Port, strict.Scalar(port)),
		)
		return s
	}
	var servers []server
	source, problems := strict.NewSource("servers.yaml", []byte("servers:\n  - {name: db1}\n  - {name: db_2, prot: 3307}\n"))
	if problems != nil {
		fmt.Println(problems)
		return
	}
	root, problems := source.Root()
	if problems != nil {
		fmt.Println(problems)
		return
	}
	root.Mapping(nil, strict.Required("servers", &servers, strict.List(decode)))
	fmt.Println(servers[0])
	fmt.Println(root.Problems)
	// Output:
	// {db1 3306}
	// servers.yaml:3:12: servers[1].name: "db_2" is not a name: up to 20 of a-z, 0-9 and -
	//       - {name: db_2, prot: 3307}
	//                ^
	// servers.yaml:3:18: servers[1].prot: unknown key; did you mean port?
	//       - {name: db_2, prot: 3307}
	//                      ^
}
