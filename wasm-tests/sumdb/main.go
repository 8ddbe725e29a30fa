// Sumdb is a real checksum database for tests: golang.org/x/mod's own server, over the modules of a tree that mkproxy made.
//
//	sumdb -name NAME MODULES.json
//
// It listens on a port of its own on loopback, prints one line, "VERIFIER-KEY URL", which is what GOSUMDB and `make run
// SUMDB=` take, and serves until it is killed. A module that is in no list is unknown to it.
package main

import (
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"

	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/note"
)

// A record of modules.json, as far as a checksum database knows it.
type record struct {
	Module  string `json:"module"`
	Version string `json:"version"`
	Zip     string `json:"zip_h1"`
	Mod     string `json:"mod_h1"`
}

func main() {
	name := flag.String("name", "sum.test", "the database's name")
	flag.Parse()
	if err := run(*name, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "sumdb:", err)
		os.Exit(1)
	}
}

func run(name string, lists []string) error {
	sums := map[string]record{}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			return err
		}
		var records []record
		if err := json.Unmarshal(text, &records); err != nil {
			return fmt.Errorf("%s: %w", list, err)
		}
		for _, r := range records {
			sums[r.Module+"@"+r.Version] = r
		}
	}
	signer, verifier, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return err
	}
	server := sumdb.NewServer(sumdb.NewTestServer(signer, func(path, version string) ([]byte, error) {
		r, ok := sums[path+"@"+version]
		if !ok {
			return nil, fmt.Errorf("unknown: %s@%s", path, version)
		}
		return fmt.Appendf(nil, "%s %s %s\n%s %s/go.mod %s\n", path, version, r.Zip, path, version, r.Mod), nil
	}))
	mux := http.NewServeMux()
	for _, path := range sumdb.ServerPaths {
		mux.Handle(path, server)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("%s http://%s\n", verifier, listener.Addr())
	return http.Serve(listener, mux)
}
