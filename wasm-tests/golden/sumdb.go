package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const sumdbName = "sum.test"

// Around the edges of tiles of every level that a test can hold.
var sumdbSizes = []int64{1, 2, 44, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 65836}

// sumdbTables are what golang.org/x/mod's client asks its server for, at every size of a log, having known every other one,
// to look up the first record and the last.
//
// heads: [size, the signed head]. lookups: [size known or 0, size, record, the tiles asked for]. answers: [path, SHA-256] of
// every tile in those. The log and the key are made by a rule that src/sumdb/tests/world.rs follows too.
func sumdbTables() (heads, lookups, answers []row) {
	signer, verifier := sumdbKeys(bytes.Repeat([]byte("k"), 32))
	l := &sumdbLog{signer: signer}
	notes := map[int64][]byte{}
	for _, size := range sumdbSizes {
		l.size = size
		notes[size] = must(l.Signed(context.Background()))
		heads = append(heads, row{size, string(notes[size])})
	}
	sums := map[string]string{}
	for _, known := range append([]int64{0}, sumdbSizes...) {
		for _, size := range sumdbSizes {
			l.size = size
			for _, id := range slices.Compact([]int64{0, size - 1}) {
				ops := &sumdbOps{server: sumdb.NewServer(l), key: verifier, latest: notes[known], sums: sums}
				client := sumdb.NewClient(ops)
				lines := must(client.Lookup(fmt.Sprintf("example.com/M%d", id), fmt.Sprintf("v1.0.0-RC.%d", id)))
				if len(lines) != 1 {
					log.Fatalf("record %d in a tree of size %d: %q", id, size, lines)
				}
				slices.Sort(ops.tiles)
				lookups = append(lookups, row{known, size, id, strings.Join(slices.Compact(ops.tiles), " ")})
			}
		}
	}
	for path, sum := range sums {
		answers = append(answers, row{path, sum})
	}
	slices.SortFunc(answers, func(a, b row) int { return strings.Compare(a[0].(string), b[0].(string)) })
	return heads, lookups, answers
}

func sumdbKeys(seed []byte) (note.Signer, string) {
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	verifier := must(note.NewEd25519VerifierKey(sumdbName, public))
	id := strings.Split(verifier, "+")[1]
	private := base64.StdEncoding.EncodeToString(append([]byte{1}, seed...))
	return must(note.NewSigner("PRIVATE+KEY+" + sumdbName + "+" + id + "+" + private)), verifier
}

func sumdbRecord(id int64) []byte {
	h1 := func(of string) string {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", of, id))
		return "h1:" + base64.StdEncoding.EncodeToString(sum[:])
	}
	return fmt.Appendf(nil, "example.com/M%d v1.0.0-RC.%d %s\nexample.com/M%d v1.0.0-RC.%d/go.mod %s\n",
		id, id, h1("zip"), id, id, h1("mod"))
}

// sumdbLog is a log as it was when it had size records: what a server serves.
type sumdbLog struct {
	signer note.Signer
	hashes []tlog.Hash
	size   int64
}

func (l *sumdbLog) ReadHashes(indexes []int64) (hashes []tlog.Hash, err error) {
	for id := int64(0); int64(len(l.hashes)) < tlog.StoredHashCount(l.size); id++ {
		if tlog.StoredHashIndex(0, id) < int64(len(l.hashes)) {
			continue
		}
		l.hashes = append(l.hashes, must(tlog.StoredHashes(id, sumdbRecord(id), tlog.HashReaderFunc(l.read)))...)
	}
	return l.read(indexes)
}

func (l *sumdbLog) read(indexes []int64) (hashes []tlog.Hash, err error) {
	for _, index := range indexes {
		hashes = append(hashes, l.hashes[index])
	}
	return hashes, nil
}

func (l *sumdbLog) Signed(context.Context) ([]byte, error) {
	text := tlog.FormatTree(tlog.Tree{N: l.size, Hash: must(tlog.TreeHash(l.size, l))})
	return note.Sign(&note.Note{Text: string(text)}, l.signer)
}

func (l *sumdbLog) ReadRecords(_ context.Context, id, n int64) (records [][]byte, err error) {
	for i := range n {
		records = append(records, sumdbRecord(id+i))
	}
	return records, nil
}

func (l *sumdbLog) Lookup(_ context.Context, m module.Version) (id int64, err error) {
	_, err = fmt.Sscanf(m.Path, "example.com/M%d", &id)
	return id, err
}

func (l *sumdbLog) ReadTileData(_ context.Context, t tlog.Tile) ([]byte, error) {
	return tlog.ReadTileData(t, l)
}

// sumdbOps let a client ask the server, without a cache, and note what it asks for.
type sumdbOps struct {
	server *sumdb.Server
	key    string
	latest []byte
	tiles  []string
	sums   map[string]string
}

func (o *sumdbOps) ReadRemote(path string) ([]byte, error) {
	reply := httptest.NewRecorder()
	o.server.ServeHTTP(reply, httptest.NewRequest("GET", path, nil))
	if reply.Code != 200 {
		return nil, fmt.Errorf("%s: %d %s", path, reply.Code, reply.Body)
	}
	if tile, ok := strings.CutPrefix(path, "/tile/"); ok {
		sum := sha256.Sum256(reply.Body.Bytes())
		o.tiles = append(o.tiles, tile)
		o.sums[tile] = hex.EncodeToString(sum[:])
	}
	return reply.Body.Bytes(), nil
}

func (o *sumdbOps) ReadConfig(file string) ([]byte, error) {
	if file == "key" {
		return []byte(o.key), nil
	}
	return o.latest, nil
}

func (o *sumdbOps) WriteConfig(_ string, _, latest []byte) error {
	o.latest = latest
	return nil
}

func (o *sumdbOps) ReadCache(string) ([]byte, error) { return nil, errors.New("no cache") }
func (o *sumdbOps) WriteCache(string, []byte)        {}
func (o *sumdbOps) Log(string)                       {}
func (o *sumdbOps) SecurityError(text string)        { log.Fatal(text) }

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
