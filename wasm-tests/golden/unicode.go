package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"unicode"
)

// writeUnicode writes as Rust what of Go's Unicode tables names of files are held against: which characters are letters,
// and which are the same but for case.
func writeUnicode(file string) {
	var buf bytes.Buffer
	fmt.Fprintf(&buf, `//! Written by wasm-tests/golden from Go's own tables: Unicode %s.

/// The letters outside ASCII, as unicode.IsLetter has them: first and last of each run.
#[rustfmt::skip]
pub(super) const LETTERS: &[(u32, u32)] = &[
`, unicode.Version)
	line(&buf, runs(func(r rune) (int, bool) { return 0, r >= 0x80 && unicode.IsLetter(r) }, 1), false)
	buf.WriteString(`];

/// The characters outside ASCII that are folded: first and last of each run, the step within it, and what is added to fold one.
#[rustfmt::skip]
pub(super) const FOLDS: &[(u32, u32, u32, i32)] = &[
`)
	fold := func(r rune) (int, bool) { return int(fold(r) - r), r >= 0x80 && fold(r) != r }
	line(&buf, runs(fold, 2), true)
	buf.WriteString("];\n")
	if err := os.WriteFile(file, buf.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
	log.Printf("%-16s %18d bytes", "unicode", buf.Len())
}

// fold is what a character becomes in x/mod's strToFold: the smallest of those equal to it but for case, in ASCII the small
// letter.
func fold(r rune) rune {
	smallest := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		smallest = min(smallest, next)
	}
	if 'A' <= smallest && smallest <= 'Z' {
		smallest += 'a' - 'A'
	}
	return smallest
}

type run struct{ first, last, step, delta int }

// runs collects the characters that are in, neighbours at most maxStep apart with the same delta together.
func runs(in func(rune) (delta int, ok bool), maxStep int) (all []run) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		delta, ok := in(r)
		if !ok {
			continue
		}
		if n := len(all); n > 0 {
			last := &all[n-1]
			step := int(r) - last.last
			if delta == last.delta && step <= maxStep && (last.first == last.last || step == last.step) {
				last.last, last.step = int(r), step
				continue
			}
		}
		all = append(all, run{int(r), int(r), 1, delta})
	}
	return all
}

func line(buf *bytes.Buffer, all []run, folds bool) {
	for n, r := range all {
		text := fmt.Sprintf("(%#x, %#x)", r.first, r.last)
		if folds {
			text = fmt.Sprintf("(%#x, %#x, %d, %d)", r.first, r.last, r.step, r.delta)
		}
		perLine := 6
		if folds {
			perLine = 4
		}
		if n%perLine == 0 {
			buf.WriteString("    ")
		}
		buf.WriteString(text + ",")
		if n%perLine == perLine-1 || n == len(all)-1 {
			buf.WriteString("\n")
		} else {
			buf.WriteString(" ")
		}
	}
}
