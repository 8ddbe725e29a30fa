package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

// epoch is the commit time of a path's oldest version; each later one is an hour younger. Fixed, so that a tree
// made again is the same tree.
var epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// An entry is one line of modules.json.
type entry struct {
	Module  string    `json:"module"`
	Version string    `json:"version"`
	Time    time.Time `json:"time"`
	Listed  bool      `json:"listed"`
	ZipSize int64     `json:"zip_size,omitempty"`
	// The two hashes of go.sum: of the zip, and of go.mod.
	ZipHash string `json:"zip_h1,omitempty"`
	ModHash string `json:"mod_h1"`
}

func write(out string, d *Description) error {
	if left, err := os.ReadDir(out); err == nil && len(left) > 0 {
		return fmt.Errorf("%s is not empty", out)
	}
	paths, err := byPath(d.Modules)
	if err != nil {
		return err
	}
	newest := make(map[string]string)
	for path, versions := range paths {
		newest[path] = latest(versions).Version
	}
	special := make(map[string]*Path)
	for i := range d.Paths {
		special[d.Paths[i].Path] = &d.Paths[i]
		if _, known := paths[d.Paths[i].Path]; !known {
			paths[d.Paths[i].Path] = nil
		}
	}
	names := make([]string, 0, len(paths))
	for path := range paths {
		names = append(names, path)
	}
	sort.Strings(names)
	index := []entry{}
	for _, path := range names {
		made, err := writePath(out, path, paths[path], special[path], newest)
		if err != nil {
			return err
		}
		index = append(index, made...)
	}
	text, err := json.MarshalIndent(index, "", "  ")
	if err != nil {
		return err
	}
	return put(filepath.Join(out, "modules.json"), append(text, '\n'))
}

// byPath checks the modules and sorts the versions of each path.
func byPath(modules []Module) (map[string][]*Module, error) {
	paths := make(map[string][]*Module)
	for i := range modules {
		if err := modules[i].settle(); err != nil {
			return nil, err
		}
		paths[modules[i].Path] = append(paths[modules[i].Path], &modules[i])
	}
	for path, versions := range paths {
		sort.SliceStable(versions, func(i, j int) bool {
			return semver.Compare(versions[i].Version, versions[j].Version) < 0
		})
		for i, m := range versions {
			if i > 0 && versions[i-1].Version == m.Version {
				return nil, fmt.Errorf("%s@%s is described twice", path, m.Version)
			}
			if m.Time == nil {
				moment := epoch.Add(time.Duration(i) * time.Hour)
				if module.IsPseudoVersion(m.Version) {
					// The go command compares the two and refuses a .info that disagrees.
					stamped, err := module.PseudoVersionTime(m.Version)
					if err != nil {
						return nil, err
					}
					moment = stamped
				}
				m.Time = &moment
			}
		}
	}
	return paths, nil
}

// latest is what @latest answers: the newest release, else the newest pre-release, else the newest pseudo-version.
func latest(versions []*Module) *Module {
	rank := func(version string) int {
		switch {
		case module.IsPseudoVersion(version):
			return 0
		case semver.Prerelease(version) != "":
			return 1
		}
		return 2
	}
	var best *Module
	for _, m := range versions {
		if best == nil || rank(m.Version) >= rank(best.Version) {
			best = m
		}
	}
	return best
}

// writePath writes all that one module path answers.
func writePath(out, path string, versions []*Module, special *Path, newest map[string]string) ([]entry, error) {
	escaped, err := module.EscapePath(path)
	if err != nil {
		return nil, err
	}
	root := filepath.Join(out, filepath.FromSlash(escaped))
	if special == nil {
		special = &Path{}
	}
	var made []entry
	list := []string{}
	infos := make(map[string][]byte)
	for _, m := range versions {
		info, e, err := writeVersion(filepath.Join(root, "@v"), m, newest)
		if err != nil {
			return nil, fmt.Errorf("%s@%s: %v", m.Path, m.Version, err)
		}
		infos[m.Version] = info
		e.Listed = !m.Unlisted && !module.IsPseudoVersion(m.Version)
		if e.Listed {
			list = append(list, m.Version)
		}
		made = append(made, e)
	}
	if special.List != nil {
		list = *special.List
	}
	text := strings.Join(list, "\n")
	if text != "" {
		text += "\n"
	}
	if err := put(filepath.Join(root, "@v", "list"), []byte(text)); err != nil {
		return nil, err
	}
	if len(versions) > 0 && !special.NoLatest {
		if err := put(filepath.Join(root, "@latest"), infos[latest(versions).Version]); err != nil {
			return nil, err
		}
	}
	for query, version := range special.Queries {
		info, known := infos[version]
		if !known {
			return nil, fmt.Errorf("%s: the query %q names %s, which is not made", path, query, version)
		}
		name, err := module.EscapeVersion(query)
		if err != nil {
			return nil, err
		}
		if err := put(filepath.Join(root, "@v", name+".info"), info); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// writeVersion writes .info, .mod and .zip of one version and gives back the .info.
func writeVersion(dir string, m *Module, newest map[string]string) ([]byte, entry, error) {
	made := entry{Module: m.Path, Version: m.Version, Time: *m.Time}
	escaped, err := module.EscapeVersion(m.Version)
	if err != nil {
		return nil, made, err
	}
	base := filepath.Join(dir, escaped)
	info, err := infoOf(m)
	if err != nil {
		return nil, made, err
	}
	files, goMod, err := filesOf(m, newest)
	if err != nil {
		return nil, made, err
	}
	made.ModHash, err = dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(goMod)), nil
	})
	if err != nil {
		return nil, made, err
	}
	if !m.omits("info") {
		if err := put(base+".info", info); err != nil {
			return nil, made, err
		}
	}
	if !m.omits("mod") {
		if err := put(base+".mod", goMod); err != nil {
			return nil, made, err
		}
	}
	if !m.omits("zip") {
		var archive bytes.Buffer
		if err := zip.Create(&archive, module.Version{Path: m.Path, Version: m.Version}, files); err != nil {
			return nil, made, err
		}
		made.ZipSize = int64(archive.Len())
		if err := put(base+".zip", archive.Bytes()); err != nil {
			return nil, made, err
		}
		if made.ZipHash, err = dirhash.HashZip(base+".zip", dirhash.Hash1); err != nil {
			return nil, made, err
		}
	}
	return info, made, nil
}

// infoOf is the .info: Version and Time first, as the go command writes them, then the extra fields in name order.
func infoOf(m *Module) ([]byte, error) {
	head, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{m.Version, *m.Time})
	if err != nil || len(m.Info) == 0 {
		return head, err
	}
	rest, err := json.Marshal(m.Info)
	if err != nil {
		return nil, err
	}
	return append(append(head[:len(head)-1], ','), rest[1:]...), nil
}

// filesOf is what goes into the zip, and the go.mod, which the go command makes up for a module without one.
func filesOf(m *Module, newest map[string]string) ([]zip.File, []byte, error) {
	contents := make(map[string][]byte)
	if m.Dir != "" {
		checked, err := zip.CheckDir(m.Dir)
		if err != nil {
			return nil, nil, err
		}
		for _, name := range checked.Valid {
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, nil, err
			}
			inside, err := filepath.Rel(m.Dir, name)
			if err != nil {
				return nil, nil, err
			}
			contents[filepath.ToSlash(inside)] = text
		}
	}
	for name, text := range m.Files {
		contents[name] = []byte(text)
	}
	madeUp := []byte("module " + modfile.AutoQuote(m.Path) + "\n")
	if len(contents) == 0 {
		if !strings.HasSuffix(m.Version, "+incompatible") {
			contents["go.mod"] = madeUp
		}
		contents["doc.go"] = []byte("// Package odd was made by a test.\npackage odd\n")
	}
	goMod, has := contents["go.mod"]
	if !has {
		goMod = madeUp
	}
	if has && m.RequireWithin {
		rewritten, err := requireWithin(goMod, newest)
		if err != nil {
			return nil, nil, err
		}
		goMod = rewritten
		contents["go.mod"] = rewritten
	}
	files := make([]zip.File, 0, len(contents))
	for name, text := range contents {
		files = append(files, memory{name, text})
	}
	// zip.Create keeps the order it is given, and that of a map differs from run to run.
	sort.Slice(files, func(i, j int) bool { return files[i].Path() < files[j].Path() })
	return files, goMod, nil
}

// requireWithin points the requirements at the versions that are made and drops all others.
func requireWithin(text []byte, newest map[string]string) ([]byte, error) {
	file, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return nil, err
	}
	for _, required := range append([]*modfile.Require(nil), file.Require...) {
		path := required.Mod.Path
		if version, made := newest[path]; made {
			err = file.AddRequire(path, version)
		} else {
			err = file.DropRequire(path)
		}
		if err != nil {
			return nil, err
		}
	}
	file.Cleanup()
	return file.Format()
}

// put writes one file, making the folders above it.
func put(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}

// memory is a file of a module zip that is held in memory.
type memory struct {
	name string
	text []byte
}

func (f memory) Path() string                 { return f.name }
func (f memory) Lstat() (os.FileInfo, error)  { return memoryInfo{f}, nil }
func (f memory) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(f.text)), nil }

type memoryInfo struct{ file memory }

func (i memoryInfo) Name() string       { return filepath.Base(i.file.name) }
func (i memoryInfo) Size() int64        { return int64(len(i.file.text)) }
func (i memoryInfo) Mode() os.FileMode  { return 0o644 }
func (i memoryInfo) ModTime() time.Time { return time.Time{} }
func (i memoryInfo) IsDir() bool        { return false }
func (i memoryInfo) Sys() any           { return nil }
