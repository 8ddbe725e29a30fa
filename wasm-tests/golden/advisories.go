package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"
)

// writeAdvisories writes the table of advisories anew: every range of Go's vulnerability database, and what golang.org/x/vuln says of
// versions around each of its events. The ranges are those that the table has; with VULNDB=path/to/vulndb.zip, those of that database.
func writeAdvisories(file string) {
	database := readAdvisories(file)
	if archive := os.Getenv("VULNDB"); archive != "" {
		database = readVulndb(archive)
	}
	var buf bytes.Buffer
	for _, r := range database.records {
		fmt.Fprintln(&buf, strings.Join(r, " "))
	}
	ranges := 0
	modules := slices.Sorted(func(yield func(string) bool) {
		for m := range database.modules {
			if !yield(m) {
				return
			}
		}
	})
	for _, m := range modules {
		fmt.Fprintln(&buf, "module", m)
		for _, r := range database.modules[m] {
			fmt.Fprintln(&buf, r.id, verdicts(r.events), strings.Join(r.events, " "))
			ranges++
		}
	}
	if err := os.WriteFile(file, buf.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
	log.Printf("%-16s %5d ranges %6d bytes", "advisories", ranges, buf.Len())
}

type advisories struct {
	// Id, date, status, aliases of GitHub's.
	records [][]string
	modules map[string][]affected
}

// An affected module: the versions from which on it is, and, with a dash before them, from which on it is not.
type affected struct {
	id     string
	events []string
}

func readAdvisories(file string) advisories {
	data, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	read := advisories{modules: map[string][]affected{}}
	module := ""
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case fields[0] == "module":
			module = fields[1]
		case module == "":
			read.records = append(read.records, fields)
		default:
			read.modules[module] = append(read.modules[module], affected{fields[0], fields[2:]})
		}
	}
	return read
}

func readVulndb(archive string) advisories {
	files, err := zip.OpenReader(archive)
	if err != nil {
		log.Fatal(err)
	}
	defer files.Close()
	read := advisories{modules: map[string][]affected{}}
	for _, f := range files.File {
		if path.Dir(f.Name) != "ID" {
			continue
		}
		var entry struct {
			ID        string
			Published string
			Withdrawn string
			Aliases   []string
			Affected  []struct {
				Package struct{ Name string }
				Ranges  []struct {
					Events []struct{ Introduced, Fixed string }
				}
			}
			DatabaseSpecific struct {
				ReviewStatus string `json:"review_status"`
			} `json:"database_specific"`
		}
		r, err := f.Open()
		if err == nil {
			err = json.NewDecoder(r).Decode(&entry)
		}
		if err != nil {
			log.Fatal(f.Name, err)
		}
		status := "reviewed"
		switch {
		case entry.Withdrawn != "":
			status = "withdrawn"
		case entry.DatabaseSpecific.ReviewStatus == "UNREVIEWED":
			status = "unreviewed"
		}
		record := []string{entry.ID, entry.Published[:10], status}
		for _, alias := range entry.Aliases {
			if strings.HasPrefix(alias, "GHSA-") {
				record = append(record, alias)
			}
		}
		read.records = append(read.records, record)
		for _, a := range entry.Affected {
			for _, r := range a.Ranges {
				var events []string
				for _, e := range r.Events {
					if e.Introduced != "" {
						events = append(events, e.Introduced)
					} else {
						events = append(events, "-"+e.Fixed)
					}
				}
				read.modules[a.Package.Name] = append(read.modules[a.Package.Name], affected{entry.ID, events})
			}
		}
	}
	slices.SortFunc(read.records, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	for _, all := range read.modules {
		slices.SortStableFunc(all, func(a, b affected) int { return strings.Compare(a.id, b.id) })
	}
	return read
}

// Six verdicts are a character.
const verdictCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// verdicts has for each event whether the six versions around it are affected: itself, the release that it is of, the one before or
// where that is of another minor version the first pre-release, the one after, and a pseudo-version before and after that release.
func verdicts(events []string) string {
	var text strings.Builder
	for _, event := range events {
		bits := 0
		for _, probe := range around(strings.TrimPrefix(event, "-")) {
			bits <<= 1
			if affects(events, probe) {
				bits |= 1
			}
		}
		text.WriteByte(verdictCharacters[bits])
	}
	return text.String()
}

func around(version string) [6]string {
	if version == "0" {
		version = "0.0.0"
	}
	release, _, _ := strings.Cut(version, "+")
	release, _, _ = strings.Cut(release, "-")
	dot := strings.LastIndexByte(release, '.')
	minor := release[:dot]
	patch, err := strconv.Atoi(release[dot+1:])
	if err != nil {
		log.Fatal(version, err)
	}
	before := release + "-0"
	if patch > 0 {
		before = fmt.Sprintf("%s.%d", minor, patch-1)
	}
	after := fmt.Sprintf("%s.%d", minor, patch+1)
	const pseudo = "-0.20200229123456-abcdefabcdef"
	return [6]string{version, release, before, after, release + pseudo, after + pseudo}
}

// affects is golang.org/x/vuln/internal/semver.Affects for one range, in the words of that package's documentation: events in the order
// of their versions, "0" first; from an introduced one on affected, from a fixed one on no longer.
func affects(events []string, version string) bool {
	sorted := slices.Clone(events)
	number := func(event string) string {
		return "v" + strings.TrimPrefix(event, "-")
	}
	slices.SortStableFunc(sorted, func(a, b string) int {
		switch {
		case a == "0" && b == "0":
			return 0
		case a == "0":
			return -1
		case b == "0":
			return 1
		}
		return semver.Compare(number(a), number(b))
	})
	is := false
	for _, event := range sorted {
		isFixed := strings.HasPrefix(event, "-")
		if !is && !isFixed {
			is = event == "0" || semver.Compare("v"+version, number(event)) >= 0
		} else if is && isFixed {
			is = semver.Compare("v"+version, number(event)) < 0
		}
	}
	return is
}
