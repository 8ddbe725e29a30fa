package main

import (
	"log"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// modFileRows: first versions, then each go.mod, and null if Go refuses it, else the deprecation, each retraction with its bounds
// and its rationale, and a bit for each of the versions: whether it is retracted, as the go command decides that. It takes the bounds
// as they are written, and one that is no version comes before all versions: such a lower bound is empty in the table, and a retraction
// with such an upper one retracts nothing and is left out.
func modFileRows() (rows []row) {
	rows = append(rows, row{"versions", retractedVersions})
	for _, text := range grow(baseModFiles, modFileAlphabet, 1800, 8) {
		f, err := modfile.ParseLax("go.mod", []byte(text), nil)
		if err != nil {
			if l, ok := err.(modfile.ErrorList); !ok || isOfOthers(l) {
				continue
			}
			rows = append(rows, row{text, nil})
			continue
		}
		deprecated := ""
		if f.Module != nil {
			deprecated = f.Module.Deprecated
		}
		retracted := []row{}
		for _, r := range f.Retract {
			if semver.IsValid(r.High) {
				retracted = append(retracted, row{module.CanonicalVersion(r.Low), module.CanonicalVersion(r.High), r.Rationale})
			}
		}
		rows = append(rows, row{text, row{deprecated, retracted, bits(retractedVersions, func(v string) bool {
			for _, r := range f.Retract {
				if semver.Compare(r.Low, v) <= 0 && semver.Compare(v, r.High) <= 0 {
					return true
				}
			}
			return false
		})}})
	}
	if len(rows) < 1500 {
		log.Fatalf("%d go.mods", len(rows))
	}
	return rows
}

// isOfOthers reports whether a go.mod is refused for a directive that says nothing of its module: the port does not judge those.
func isOfOthers(errs modfile.ErrorList) bool {
	for _, err := range errs {
		for _, other := range []string{"require", "go version", "go directive", "go statement", "ignore directive", "module path"} {
			if err.Verb == "require" || strings.Contains(err.Err.Error(), other) {
				return true
			}
		}
	}
	return false
}

var retractedVersions = []string{
	"v0.0.0", "v0.9.0", "v1.0.0-rc.1", "v1.0.0", "v1.0.1", "v1.1.0", "v1.2.0-rc.1", "v1.2.0", "v1.2.3", "v1.3.0", "v1.10.0", "v2.0.0", "v2.0.0+incompatible",
	"v0.0.0-20060102150405-abcdefabcdef", "v" + long + ".0.0",
}

const modFileAlphabet = "\n\n\n//()[],,\"`' \tv12.a"

var baseModFiles = []string{
	"", "\n", "module a.b/c", "module a.b/c\n", "module \"a.b/c\"\n", "module `a.b/c`\n", "module a.b/c d\n", "module\n", "module a.b/c\nmodule a.b/d\n",
	"retract v1.0.0", "retract v1.0.0\n", "module a.b/c\nretract v1.0.0\n", "retract v1.0.0 // why\n", "// why\nretract v1.0.0\n", "// why\n// so\nretract v1.0.0 // there\n",
	"// not this\n\nretract v1.0.0\n", "//why\nretract v1.0.0\n", "//  why \t\nretract v1.0.0 //\tthere \n", "//\nretract v1.0.0\n", "// a\n//\n// b\nretract v1.0.0\n",
	"retract [v1.0.0, v1.2.0]\n", "retract [v1.0.0,v1.2.0] // why\n", "retract [ v1.2.0 , v1.0.0 ]\n", "retract [v1.0.0, v1.2.0\n", "retract [v1.0.0 v1.2.0]\n",
	"retract [v1.0.0]\n", "retract []\n", "retract\n", "retract [v1, v1.2]\n", "retract v1\n", "retract v1.2\n", "retract v1.0.0+meta\n", "retract v2.0.0+incompatible\n",
	"retract \"v1.0.0\"\n", "retract `v1.0.0`\n", "retract 'v1.0.0'\n", "retract [\"v1.0.0\", \"v1.2.0\"]\n", "retract \"v1\\x2e0.0\"\n", "retract \"v1\\0560\\u002e0\"\n", "retract \"v1.0.0\\\"\"\n",
	"retract \"v1.0\\q.0\"\n", "retract \"v1.0.0\n", "retract (v1.0.0)\n", "retract v1.0.0 v1.1.0\n", "retract v1.0.0, v1.1.0\n", "retract [v1.0.0, v1.1.0] more\n", "retract latest\n",
	"retract (\n\tv1.0.0\n\tv1.1.0 // why\n\t[v1.2.0, v1.3.0]\n)\n", "// of all\nretract (\n\tv1.0.0\n\tv1.1.0 // of one\n)\n", "// of all\nretract (\n\t// of one\n\tv1.0.0\n\n\tv1.1.0\n)\n",
	"// of all\nretract (\n\n\tv1.0.0\n\n\n\tv1.1.0\n\t// at the end\n)\n", "retract ( // here\n\tv1.0.0\n) // there\n", "// why\nretract () // nothing\n", "retract ( )\nretract v1.0.0\n",
	"retract (\n\tv1.0.0\n", "retract (\n\tv1.0.0\n) v1.1.0\n", "retract x (\n\tv1.0.0\n)\n", "retract (\n\t(\n\tv1.0.0\n)\n", "retract ( ) v1.0.0\n", "retract v1.0.0 ( )\n", "retract ( v1.0.0\n",
	"retract (\r\n\t// why\r\n\tv1.0.0\r\n)\r\n", "// why\r\nretract v1.0.0\r\n", "retract v1.0.0 // a // b\n", "retract v1.0.0//why\n", "retract v1.0.0/why\n", "retract v1.0.0 /* why */\n", "retract v1.0.0/*\n",
	"// Deprecated: use a.b/d\nmodule a.b/c\n", "module a.b/c // Deprecated: use a.b/d\n", "// Of it.\n//\n// Deprecated: use\n// a.b/d\n//\n// More.\nmodule a.b/c\n", "// Deprecated:\nmodule a.b/c\n",
	"// deprecated: no\nmodule a.b/c\n", "// It is\n// Deprecated: no\nmodule a.b/c\n", "// Deprecated: far\n\nmodule a.b/c\n", "// Deprecated:use\n//\n// Deprecated: other\nmodule a.b/c\n", "//\n//\n// Deprecated:   so\nmodule a.b/c\n",
	"// Deprecated: all\nmodule (\n\ta.b/c\n)\n", "module (\n\t// Deprecated: one\n\ta.b/c\n)\n", "module (\n)\n", "// Deprecated: of none\nretract v1.0.0\n", "// x Deprecated: no\nmodule a.b/c\n",
	"exclude a.b/d v1.0.0\nreplace a.b/d => ../d\nretract v1.0.0\n", "exclude (\n\ta.b/d v1.0.0\n)\n", "tool a.b/d\nretract v1.0.0\n", "unknown of this\nother (\n\tx\n)\nretract v1.0.0\n", "toolchain go1.27\n",
	"module a.b/c\n\ngo 1.27\n\nrequire a.b/d v1.0.0 // indirect\n\nrequire (\n\ta.b/e v1.0.0\n)\n\nretract [v1.0.0, v1.1.0] // why\n",
	"// é\nretract v1.0.0 // 日本\n", "retract v1.0.é\n", "retract v1.0.0\u00a0\n", "retract v1.0.0\u0085v1.1.0\n", "// a\u00a0\nretract v1.0.0\n", "é v1\nretract v1.0.0\n", "a\u0301 b\nretract v1.0.0\n", "a \u200b b\n", "a\x00b\n", "\ufeffmodule a.b/c\n", "a\vb\n",
	"retract v1.0.0\nretract [v0.9.0, v1.1.0]\nretract [v1.1.0, v1.2.3] // why\nretract v1.10.0\n", "retract [v0.0.0-0, v1.2.0-rc.1]\nretract v1.2.0\n", "retract [v0.0.0, v" + long + ".0.0] // all\n",
	"// of all\nretract (\n\tv1.0.0\n)\n// of this\nretract v1.1.0 // here\n", "retract {\n\tv1.0.0\n}\n", "(\n)\n", ")\n", "retract v1.0.0 )\n", "[ v1.0.0 ]\n", "foo \"a\\\n// b\" // c\nretract v1.0.0\n",
}
