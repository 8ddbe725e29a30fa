// Golden writes the tables the Rust code in src/advisory, src/gomod, src/modzip, src/policy and src/sumdb is held against: for each input the answer
// of Go's own code.
//
// Every table is a file of JSON arrays, one a line. Inputs are the curated lists of bases.go and mutations of them;
// the random source is seeded with a constant, so the tables change only with Go.
package main

import (
	"bytes"
	"encoding/json"
	"log"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: golden SOURCE-DIRECTORY")
	}
	src := os.Args[1]
	writeUnicode(filepath.Join(src, "gomod/unicode/tables.rs"))
	write(filepath.Join(src, "modzip/testdata"), "zips", zipRows())
	dir := filepath.Join(src, "gomod/testdata")
	paths := grow(basePaths, pathAlphabet, 2600, 1)
	versions := grow(baseVersions, versionAlphabet, 1900, 2)
	canonical := canonicalVersions(versions)
	write(dir, "paths", pathRows(paths))
	write(dir, "unescape_path", unescapePathRows(paths))
	write(dir, "versions", versionRows(versions))
	write(dir, "pseudo", pseudoRows())
	write(dir, "version_element", versionElementRows(versions))
	write(dir, "order", orderRows(canonical))
	write(dir, "major", majorRows(paths, canonical))
	write(dir, "globs", globRows())
	write(dir, "glob_lists", globListRows())
	write(dir, "file_paths", filePathRows())
	write(dir, "mod_files", modFileRows())

	write(filepath.Join(src, "policy/testdata"), "version_terms", termRows(canonical))

	writeAdvisories(filepath.Join(src, "advisory/testdata/advisories.txt"))

	dir = filepath.Join(src, "sumdb", "testdata")
	heads, lookups, answers := sumdbTables()
	write(dir, "heads", heads)
	write(dir, "lookups", lookups)
	write(dir, "answers", answers)
}

type row = []any

// write stores one table.
func write(dir, name string, rows []row) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	for _, r := range rows {
		if err := enc.Encode(r); err != nil {
			log.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, name+".jsonl"), buf.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
	log.Printf("%-16s %5d rows %7d bytes", name, len(rows), buf.Len())
}

// orNil is the text, or null in the table if there was an error.
func orNil(text string, err error) any {
	if err != nil {
		return nil
	}
	return text
}

// pathRows: path, escaped form or null if the path is invalid, major suffix or null if SplitPathVersion refuses.
func pathRows(paths []string) (rows []row) {
	for _, p := range paths {
		_, major, ok := module.SplitPathVersion(p)
		var suffix any
		if ok {
			suffix = major
		}
		rows = append(rows, row{p, orNil(module.EscapePath(p)), suffix})
	}
	return rows
}

// unescapePathRows: escaped form, path or null.
func unescapePathRows(paths []string) (rows []row) {
	inputs := slices.Clone(baseEscaped)
	for _, p := range paths[:600] {
		if e, err := module.EscapePath(p); err == nil {
			inputs = append(inputs, e)
		}
	}
	for _, e := range grow(inputs, "!!!!AZaz/.-é@{` ", 1100, 3) {
		rows = append(rows, row{e, orNil(module.UnescapePath(e))})
	}
	return rows
}

// versionRows: text, and if it is a semantic version: module.CanonicalVersion, Major, Prerelease, Build and whether it
// is a pseudo-version.
func versionRows(versions []string) (rows []row) {
	for _, v := range versions {
		if !semver.IsValid(v) {
			rows = append(rows, row{v, nil})
			continue
		}
		facts := row{module.CanonicalVersion(v), semver.Major(v), semver.Prerelease(v), semver.Build(v)}
		rows = append(rows, row{v, append(facts, module.IsPseudoVersion(v))})
	}
	return rows
}

// pseudoRows: version, and if it is a pseudo-version: Unix time or null, revision, base or null.
func pseudoRows() (rows []row) {
	for _, v := range grow(basePseudo, pseudoAlphabet, 1500, 4) {
		if !module.IsPseudoVersion(v) {
			rows = append(rows, row{v, nil})
			continue
		}
		var seconds any
		if t, err := module.PseudoVersionTime(v); err == nil {
			seconds = t.Unix()
		}
		rev, err := module.PseudoVersionRev(v)
		if err != nil {
			log.Fatal(err)
		}
		rows = append(rows, row{v, row{seconds, rev, orNil(module.PseudoVersionBase(v))}})
	}
	return rows
}

// versionElementRows: text, EscapeVersion of it or null, UnescapeVersion of it or null.
func versionElementRows(versions []string) (rows []row) {
	inputs := append(slices.Clone(baseQueries), versions[:150]...)
	for _, q := range grow(inputs, queryAlphabet, 1300, 5) {
		rows = append(rows, row{q, orNil(module.EscapeVersion(q)), orNil(module.UnescapeVersion(q))})
	}
	return rows
}

// canonicalVersions keeps what is its own canonical form, in the order found.
func canonicalVersions(versions []string) (canonical []string) {
	for _, v := range versions {
		if semver.IsValid(v) && module.CanonicalVersion(v) == v {
			canonical = append(canonical, v)
		}
	}
	return canonical
}

// orderRows: first all versions as semver.Sort leaves them; then for a part of them, each with its relation to each.
func orderRows(canonical []string) (rows []row) {
	sorted := slices.Clone(canonical)
	semver.Sort(sorted)
	rows = append(rows, row{"sorted", sorted})
	list := canonical[:180]
	rows = append(rows, row{"list", list})
	for _, v := range list {
		var signs strings.Builder
		for _, w := range list {
			switch {
			case (semver.ByVersion{v, w}).Less(0, 1):
				signs.WriteByte('<')
			case (semver.ByVersion{v, w}).Less(1, 0):
				signs.WriteByte('>')
			default:
				signs.WriteByte('=')
			}
		}
		rows = append(rows, row{v, signs.String()})
	}
	return rows
}

// majorRows: first the versions, then each path with a bit for each version: whether module.Check accepts the pair.
func majorRows(paths, canonical []string) (rows []row) {
	versions := slices.Concat(majorVersions, canonical[:40])
	rows = append(rows, row{"versions", versions})
	seen := map[string]int{}
	for _, p := range paths {
		if module.CheckPath(p) != nil {
			continue
		}
		_, major, _ := module.SplitPathVersion(p)
		// Few paths for each suffix: there are far more paths without one than would tell anything new.
		if seen[major]++; seen[major] > 12 {
			continue
		}
		rows = append(rows, row{p, bits(versions, func(v string) bool { return module.Check(p, v) == nil })})
	}
	return rows
}

// globRows: first the targets; then each glob, whether it is malformed, a target made from the glob itself, whether
// that one matches, and a bit for each of the targets.
func globRows() (rows []row) {
	targets := globTargets()
	rows = append(rows, row{"targets", targets})
	for _, glob := range grow(baseGlobs, globAlphabet, 1500, 6) {
		bad := malformed(strings.TrimSuffix(glob, "/"), targets)
		own := ownTarget(glob)
		matched := module.MatchPrefixPatterns(glob, own)
		rows = append(rows, row{glob, bad, own, matched, bits(targets, func(target string) bool {
			return module.MatchPrefixPatterns(glob, target)
		})})
	}
	return rows
}

// globListRows: first the targets, then each list with a bit for each of them.
func globListRows() (rows []row) {
	targets := globTargets()
	rows = append(rows, row{"targets", targets})
	for _, list := range grow(baseGlobLists, ",,,/*", 200, 7) {
		rows = append(rows, row{list, bits(targets, func(target string) bool {
			return module.MatchPrefixPatterns(list, target)
		})})
	}
	return rows
}

// globTargets are module paths and texts that are none.
func globTargets() []string {
	return slices.Concat(baseTargets, oddTargets)
}

// malformed reports whether path.Match refuses the glob, and holds path.Match to its word that it does so for all
// names or for none.
func malformed(glob string, names []string) bool {
	_, err := path.Match(glob, "")
	for _, name := range names {
		if _, other := path.Match(glob, name); (other == nil) != (err == nil) {
			log.Fatalf("path.Match(%q, %q) = %v, but %v for the empty name", glob, name, other, err)
		}
	}
	return err != nil
}

// ownTarget makes of a glob a text that it has some chance to match.
func ownTarget(glob string) string {
	glob = strings.NewReplacer("*", "ab", "?", "c", "\\", "", "^", "").Replace(strings.TrimSuffix(glob, "/"))
	for {
		open := strings.IndexByte(glob, '[')
		if open < 0 {
			break
		}
		length := strings.IndexByte(glob[open:], ']')
		if length < 0 {
			break
		}
		_, size := utf8.DecodeRuneInString(glob[open+1:])
		glob = glob[:open] + glob[open+1:open+1+min(size, length-1)] + glob[open+length+1:]
	}
	return glob + "/x"
}

// bits writes a 1 for each text which holds, a 0 for each other, and leaves out the zeros at the end.
func bits(texts []string, holds func(string) bool) string {
	b := make([]byte, len(texts))
	for i, text := range texts {
		b[i] = '0'
		if holds(text) {
			b[i] = '1'
		}
	}
	return strings.TrimRight(string(b), "0")
}
