package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
)

// A record of modules.json, as far as a checksum database knows it.
type record struct {
	Module  string `json:"module"`
	Version string `json:"version"`
	Zip     string `json:"zip_h1"`
	Mod     string `json:"mod_h1"`
}

// What is true: hashes that a tree comes with, and trees to hash when somebody asks.
type sums struct {
	records map[string]record
	trees   []string
}

func readSums(places []string) (sums, error) {
	known := sums{records: map[string]record{}}
	for _, place := range places {
		if info, err := os.Stat(place); err != nil {
			return known, err
		} else if info.IsDir() {
			known.trees = append(known.trees, place)
			place = filepath.Join(place, "modules.json")
		}
		text, err := os.ReadFile(place)
		if os.IsNotExist(err) {
			continue
		} else if err != nil {
			return known, err
		}
		var records []record
		if err := json.Unmarshal(text, &records); err != nil {
			return known, fmt.Errorf("%s: %w", place, err)
		}
		for _, r := range records {
			known.records[r.Module+"@"+r.Version] = r
		}
	}
	return known, nil
}

// The two lines of go.sum.
func (s sums) of(path, version string) ([]byte, error) {
	r, ok := s.records[path+"@"+version]
	for _, tree := range s.trees {
		if ok {
			break
		}
		var err error
		if r, err = hashed(tree, path, version); err == nil {
			ok = true
		} else if !os.IsNotExist(err) {
			return nil, err
		}
	}
	if !ok {
		// The only error that the server words as 404.
		return nil, &fs.PathError{Op: "lookup", Path: path + "@" + version, Err: fs.ErrNotExist}
	}
	return fmt.Appendf(nil, "%s %s %s\n%s %s/go.mod %s\n", path, version, r.Zip, path, version, r.Mod), nil
}

// Every module version that has a record of its own or a zip in a tree, in the order of their names.
func (s sums) all() ([]module.Version, error) {
	var found []module.Version
	for _, r := range s.records {
		found = append(found, module.Version{Path: r.Module, Version: r.Version})
	}
	for _, tree := range s.trees {
		err := filepath.WalkDir(tree, func(file string, _ fs.DirEntry, err error) error {
			relative := filepath.ToSlash(strings.TrimPrefix(file, tree+string(filepath.Separator)))
			path, name, ok := strings.Cut(relative, "/@v/")
			version, isZip := strings.CutSuffix(name, ".zip")
			if err != nil || !ok || !isZip {
				return err
			}
			if path, err = module.UnescapePath(path); err != nil {
				return err
			}
			if version, err = module.UnescapeVersion(version); err != nil {
				return err
			}
			found = append(found, module.Version{Path: path, Version: version})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(found, func(a, b module.Version) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(found), nil
}

func hashed(tree, path, version string) (record, error) {
	escaped, err := module.EscapePath(path)
	if err != nil {
		return record{}, err
	}
	file, err := module.EscapeVersion(version)
	if err != nil {
		return record{}, err
	}
	base := filepath.Join(tree, escaped, "@v", file)
	zip, err := os.Open(base + ".zip")
	if err != nil {
		return record{}, err
	}
	zip.Close()
	zipHash, err := dirhash.HashZip(base+".zip", dirhash.Hash1)
	if err != nil {
		return record{}, err
	}
	modHash, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return os.Open(base + ".mod") })
	return record{path, version, zipHash, modHash}, err
}
