// Mkproxy turns folders of Go sources into a static GOPROXY tree, for tests that need modules but no network.
//
//	mkproxy -out DIR [-tree SOURCES]... [DESCRIPTION.json]...
//
// SOURCES holds folders named module@version, such as example.com/hello@v1.0.0, with the path written as Go
// writes it (capitals are escaped in the output, not here). A description makes what no folder can: see
// Description. The same input gives the same bytes.
//
// DIR must be new or empty. Beside the tree, DIR/modules.json lists what was made, sorted, with the hashes a
// go.sum file would hold, so that a test can iterate and a checksum database can be made from it.
package main

import (
	"flag"
	"fmt"
	"os"
)

type stringList []string

func (l *stringList) String() string { return fmt.Sprint([]string(*l)) }

func (l *stringList) Set(value string) error {
	*l = append(*l, value)
	return nil
}

func main() {
	var trees stringList
	out := flag.String("out", "", "the folder to make; new or empty")
	flag.Var(&trees, "tree", "a folder of module@version folders; may be repeated")
	flag.Parse()
	if err := run(*out, trees, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "mkproxy:", err)
		os.Exit(1)
	}
}

func run(out string, trees, descriptions []string) error {
	if out == "" {
		return fmt.Errorf("-out is missing")
	}
	var all Description
	for _, tree := range trees {
		found, err := scanTree(tree)
		if err != nil {
			return err
		}
		all.Modules = append(all.Modules, found...)
	}
	for _, name := range descriptions {
		described, err := readDescription(name)
		if err != nil {
			return err
		}
		all.Modules = append(all.Modules, described.Modules...)
		all.Paths = append(all.Paths, described.Paths...)
	}
	if len(all.Modules) == 0 && len(all.Paths) == 0 {
		return fmt.Errorf("nothing to make: no -tree and no description names a module")
	}
	return write(out, &all)
}
