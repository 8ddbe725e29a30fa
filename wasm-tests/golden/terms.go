package main

import (
	"slices"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// term is one of what a rule of the policy may say of versions: whether it holds is said with Go's own words alone.
type term struct {
	text  string
	holds func(v string) bool
}

// termRows: first the versions, then each term with a bit for each version: whether it holds.
func termRows(canonical []string) (rows []row) {
	versions := slices.Concat(termVersions, canonical[:220])
	rows = append(rows, row{"versions", versions})
	for _, t := range terms() {
		rows = append(rows, row{t.text, bits(versions, t.holds)})
	}
	return rows
}

func terms() (all []term) {
	for _, b := range termBounds {
		same := func(v string) bool { return semver.Compare(v, b) == 0 }
		sameMajor := func(v string) bool { return semver.Major(v) == semver.Major(b) }
		sameMinor := func(v string) bool { return semver.MajorMinor(v) == semver.MajorMinor(b) }
		atLeast := func(v string) bool { return semver.Compare(v, b) >= 0 }
		all = append(all,
			term{">" + b, func(v string) bool { return semver.Compare(v, b) > 0 }},
			term{">=" + b, atLeast},
			term{"<" + b, func(v string) bool { return semver.Compare(v, b) < 0 }},
			term{"<=" + b, func(v string) bool { return semver.Compare(v, b) <= 0 }},
			term{"^" + b, func(v string) bool { return sameMajor(v) && atLeast(v) }})
		switch b {
		case semver.Major(b):
			all = append(all, term{b, sameMajor})
		case semver.MajorMinor(b):
			all = append(all, term{b, sameMinor})
		default:
			all = append(all, term{b, same}, term{"=" + b, same})
		}
		if b != semver.Major(b) {
			all = append(all, term{"~" + b, func(v string) bool { return sameMinor(v) && atLeast(v) }})
		}
	}
	isPseudo := module.IsPseudoVersion
	isPrerelease := func(v string) bool { return semver.Prerelease(v) != "" }
	return append(all,
		term{"incompatible", func(v string) bool { return semver.Build(v) == "+incompatible" }},
		term{"prerelease", func(v string) bool { return isPrerelease(v) && !isPseudo(v) }},
		term{"pseudo", isPseudo},
		term{"release", func(v string) bool { return !isPrerelease(v) && !isPseudo(v) }})
}
