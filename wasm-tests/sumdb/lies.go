package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// POST /-/lies replaces what the database lies about; {} makes it honest. GET /-/asked is a JSON list of every other path
// asked for so far.
type lies struct {
	// By module@version, how its lookup is wrong: one of the words below.
	Lookup map[string]string `json:"lookup"`
	// Serve another history, signed with the same key: it differs at this record, and goes on as the first.
	Fork *int64 `json:"fork"`
	// A bit is wrong in every hash tile.
	Tiles bool `json:"tiles"`
	// Every request is answered with this status.
	Status int `json:"status"`
	// Every request waits first.
	DelayMS int `json:"delay_ms"`
}

const (
	// Other hashes, in a tree of their own, signed with another key of the same name.
	wrongKey = "wrong-key"
	// The truth, with a letter wrong in the signature.
	badSignature = "bad-signature"
	// The record of another module, proven and signed.
	otherModule = "other-module"
	// Other hashes under a tree head that is signed with the right key: the tree has the true ones.
	notInTree = "not-in-tree"
	// 404.
	missing = "missing"
)

type database struct {
	verifier string
	signer   string
	known    sums
	// How many modules that nobody has were recorded.
	fillers        int
	honest, forged *sumdb.TestServer

	mu    sync.Mutex
	now   lies
	fork  *sumdb.TestServer
	asked []string
	// What the honest tree holds, in its order: for a fork to begin with.
	order []module.Version
}

func newDatabase(name string, known sums) (*database, error) {
	signer, verifier, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return nil, err
	}
	forger, _, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return nil, err
	}
	db := &database{verifier: verifier, signer: signer, known: known, asked: []string{}}
	db.honest = sumdb.NewTestServer(signer, func(path, version string) ([]byte, error) {
		text, err := known.of(path, version)
		if err == nil {
			db.mu.Lock()
			db.order = append(db.order, module.Version{Path: path, Version: version})
			db.mu.Unlock()
		}
		return text, err
	})
	db.forged = sumdb.NewTestServer(forger, func(path, version string) ([]byte, error) {
		text, err := known.of(path, version)
		return otherHashes(text), err
	})
	return db, nil
}

func (db *database) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/-/lies":
		db.lie(w, r)
		return
	case "/-/asked":
		db.mu.Lock()
		defer db.mu.Unlock()
		json.NewEncoder(w).Encode(db.asked)
		return
	}
	db.mu.Lock()
	db.asked = append(db.asked, r.URL.Path)
	now, tree := db.now, db.honest
	if db.fork != nil {
		tree = db.fork
	}
	db.mu.Unlock()

	time.Sleep(time.Duration(now.DelayMS) * time.Millisecond)
	if now.Status != 0 {
		http.Error(w, "as told", now.Status)
		return
	}
	if how, ok := now.Lookup[lookedUp(r.URL.Path)]; ok {
		db.lookup(w, r, tree, how)
		return
	}
	if now.Tiles && strings.HasPrefix(r.URL.Path, "/tile/") && !strings.Contains(r.URL.Path, "/data/") {
		spoilt(w, r, tree)
		return
	}
	sumdb.NewServer(tree).ServeHTTP(w, r)
}

func (db *database) lie(w http.ResponseWriter, r *http.Request) {
	var now lies
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&now); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	db.mu.Lock()
	order := append([]module.Version(nil), db.order...)
	db.mu.Unlock()
	var fork *sumdb.TestServer
	if now.Fork != nil {
		var at int64
		fork = sumdb.NewTestServer(db.signer, func(path, version string) ([]byte, error) {
			text, err := db.known.of(path, version)
			if at == *now.Fork {
				text = otherHashes(text)
			}
			at++
			return text, err
		})
		for _, m := range order {
			if _, err := fork.Lookup(r.Context(), m); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.now, db.fork = now, fork
}

// A lookup of a module that the database lies about.
func (db *database) lookup(w http.ResponseWriter, r *http.Request, tree *sumdb.TestServer, how string) {
	path, version, _ := strings.Cut(lookedUp(r.URL.Path), "@")
	m, from := module.Version{Path: path, Version: version}, tree
	switch how {
	case missing:
		http.NotFound(w, r)
		return
	case wrongKey:
		from = db.forged
	}
	id, err := from.Lookup(r.Context(), m)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	if how == otherModule {
		id = 0
	}
	text, signed, err := answer(r.Context(), from, id)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	switch how {
	case notInTree:
		text = otherHashes(text)
	case badSignature:
		// Still base64, and no padding.
		at := len(signed) - 20
		signed[at] = other(signed[at])
	}
	msg, err := tlog.FormatRecord(id, text)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.Write(append(msg, signed...))
}

func answer(ctx context.Context, tree *sumdb.TestServer, id int64) (text, signed []byte, err error) {
	records, err := tree.ReadRecords(ctx, id, 1)
	if err != nil {
		return nil, nil, err
	}
	signed, err = tree.Signed(ctx)
	return records[0], signed, err
}

// The answer of the server, with one bit wrong.
func spoilt(w http.ResponseWriter, r *http.Request, tree *sumdb.TestServer) {
	recorder := httptest.NewRecorder()
	sumdb.NewServer(tree).ServeHTTP(recorder, r)
	body := recorder.Body.Bytes()
	if recorder.Code == http.StatusOK && len(body) > 0 {
		body[0] ^= 1
	}
	w.Header().Set("Content-Type", recorder.Header().Get("Content-Type"))
	w.WriteHeader(recorder.Code)
	w.Write(body)
}

// module@version of /lookup/..., unescaped; nothing of any other path.
func lookedUp(target string) string {
	escaped, ok := strings.CutPrefix(target, "/lookup/")
	path, version, _ := strings.Cut(escaped, "@")
	m, err := module.UnescapePath(path)
	v, verr := module.UnescapeVersion(version)
	if !ok || err != nil || verr != nil {
		return ""
	}
	return m + "@" + v
}

// The same lines with other, well-formed hashes.
func otherHashes(text []byte) []byte {
	parts := bytes.SplitAfter(text, []byte("h1:"))
	for i, part := range parts[1:] {
		part = bytes.Clone(part)
		part[0] = other(part[0])
		parts[i+1] = part
	}
	return bytes.Join(parts, nil)
}

func other(letter byte) byte {
	if letter == 'A' {
		return 'B'
	}
	return 'A'
}
