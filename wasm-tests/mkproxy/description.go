package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// A Description is the JSON a test writes to get modules that a source folder cannot express.
type Description struct {
	Modules []Module `json:"modules"`
	Paths   []Path   `json:"paths"`
}

// A Module is one version of one module, or with Series a run of them.
type Module struct {
	// Path is the module path; without it, the one in the go.mod of Dir.
	Path string `json:"path"`
	// Version is canonical: semver, +incompatible or a pseudo-version.
	Version string `json:"version"`
	// Series makes that many versions by counting the patch number of Version up.
	Series int `json:"series"`
	// Dir holds the sources, relative to the description. Links, nested modules and vendor folders are left
	// out, as the go command leaves them out.
	Dir string `json:"dir"`
	// Files are added to, or replace, those of Dir. A module with neither gets a go.mod and one Go file.
	Files map[string]string `json:"files"`
	// Time is the commit time; without it, one derived from the place in the version order.
	Time *time.Time `json:"time"`
	// Info is merged into the .info, e.g. {"Origin": {...}}.
	Info map[string]json.RawMessage `json:"info"`
	// Omit leaves out some of "info", "mod", "zip".
	Omit []string `json:"omit"`
	// Unlisted keeps the version out of @v/list; pseudo-versions never get in.
	Unlisted bool `json:"unlisted"`
	// RequireWithin rewrites the requirements in go.mod to the versions made in this run and drops the rest,
	// so that the tree stands alone.
	RequireWithin bool `json:"require_within"`
}

// A Path says what a module's path answers beside its versions.
type Path struct {
	Path string `json:"path"`
	// List replaces @v/list; [] is the empty list of a module without tags.
	List *[]string `json:"list"`
	// Queries maps a branch, a tag prefix or a commit to the version whose .info it answers with.
	Queries map[string]string `json:"queries"`
	// NoLatest leaves out @latest, which is optional in the protocol.
	NoLatest bool `json:"no_latest"`
}

func (m *Module) omits(what string) bool {
	for _, omitted := range m.Omit {
		if omitted == what {
			return true
		}
	}
	return false
}

// readDescription reads one description; a field it does not know is a mistake.
func readDescription(name string) (*Description, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var described Description
	if err := decoder.Decode(&described); err != nil {
		return nil, fmt.Errorf("%s: %v", name, err)
	}
	var expanded []Module
	for _, m := range described.Modules {
		if m.Dir != "" && !filepath.IsAbs(m.Dir) {
			m.Dir = filepath.Join(filepath.Dir(name), m.Dir)
		}
		versions, err := m.series()
		if err != nil {
			return nil, fmt.Errorf("%s: %v", name, err)
		}
		expanded = append(expanded, versions...)
	}
	described.Modules = expanded
	return &described, nil
}

// series is the module itself, or the versions its Series counts.
func (m Module) series() ([]Module, error) {
	if m.Series == 0 {
		return []Module{m}, nil
	}
	var major, minor, patch int
	if n, err := fmt.Sscanf(m.Version, "v%d.%d.%d", &major, &minor, &patch); n != 3 || err != nil {
		return nil, fmt.Errorf("%s: a series starts at a plain release, not at %q", m.Path, m.Version)
	}
	versions := make([]Module, m.Series)
	for i := range versions {
		versions[i] = m
		versions[i].Series = 0
		versions[i].Version = fmt.Sprintf("v%d.%d.%d", major, minor, patch+i)
	}
	return versions, nil
}

// scanTree finds the folders named module@version.
func scanTree(root string) ([]Module, error) {
	var found []Module
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() || !strings.Contains(entry.Name(), "@") {
			return nil
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		path, version, _ := strings.Cut(filepath.ToSlash(relative), "@")
		found = append(found, Module{Path: path, Version: version, Dir: name})
		return fs.SkipDir
	})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s: no folder named module@version in it", root)
	}
	return found, err
}

// settle fills in the path and refuses what no Go client could ask for.
func (m *Module) settle() error {
	if m.Path == "" {
		text, err := os.ReadFile(filepath.Join(m.Dir, "go.mod"))
		if err != nil {
			return fmt.Errorf("%s: no path given and no go.mod to read it from: %v", m.Dir, err)
		}
		if m.Path = modfile.ModulePath(text); m.Path == "" {
			return fmt.Errorf("%s: its go.mod names no module", m.Dir)
		}
	}
	if module.CanonicalVersion(m.Version) != m.Version {
		return fmt.Errorf("%s: version %q is not canonical", m.Path, m.Version)
	}
	return module.Check(m.Path, m.Version)
}
