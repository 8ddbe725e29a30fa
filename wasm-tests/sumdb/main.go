// Sumdb is a real checksum database for tests: golang.org/x/mod's own server, over the modules of trees that mkproxy made.
//
//	sumdb [-name NAME] [-filler N] [-grown [-apart N]] TREE|MODULES.json...
//
// It listens on a port of its own on loopback, prints one line, "VERIFIER-KEY URL", which is what GOSUMDB and `make run
// SUMDB=` take, and serves until it is killed. A module that is nowhere is unknown to it. A record enters its log
// when it is asked for; with -grown all that it was given are there from the beginning. What it is told below /-/ makes it lie: see lies.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"

	"golang.org/x/mod/module"
)

func main() {
	name := flag.String("name", "sum.test", "the database's name")
	filler := flag.Int("filler", 1, "records of modules that nobody has, which stand before all others")
	grown := flag.Bool("grown", false, "all modules that it is given stand in the log from the beginning, in the order of their names")
	apart := flag.Int("apart", 0, "so many fillers stand after each of these: 256 give each a tile of its own")
	flag.Parse()
	if err := run(*name, *filler, *grown, *apart, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "sumdb:", err)
		os.Exit(1)
	}
}

func run(name string, filler int, grown bool, apart int, places []string) error {
	known, err := readSums(places)
	if err != nil {
		return err
	}
	db, err := newDatabase(name, known)
	if err != nil {
		return err
	}
	var first []module.Version
	if grown {
		if first, err = known.all(); err != nil {
			return err
		}
	}
	if err := db.fill(filler); err != nil {
		return err
	}
	for _, m := range first {
		if _, err := db.honest.Lookup(context.Background(), m); err != nil {
			return err
		}
		if err := db.fill(apart); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("%s http://%s\n", db.verifier, listener.Addr())
	return http.Serve(listener, db)
}

// Records more modules that nobody has.
func (db *database) fill(more int) error {
	for range more {
		m := module.Version{Path: fmt.Sprintf("filler.example/m%d", db.fillers), Version: "v1.0.0"}
		db.fillers++
		db.known.records[m.String()] = record{m.Path, m.Version, fillerHash, fillerHash}
		if _, err := db.honest.Lookup(context.Background(), m); err != nil {
			return err
		}
	}
	return nil
}

const fillerHash = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
