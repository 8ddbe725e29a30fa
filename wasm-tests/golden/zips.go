package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	modzip "golang.org/x/mod/zip"
)

// A member is one entry of a zip made by hand.
type member struct {
	name, content string
	method        uint16
	// raw entries have their sizes before them; others a descriptor behind, as zip.Create makes them.
	raw     bool
	mode    os.FileMode
	extra   []byte
	comment string
	change  func(*zip.FileHeader)
	// behind are bytes that raw entries have after their data, and count among them.
	behind string
}

const prefix = "example.com/m@v1.0.0/"

var made = module.Version{Path: "example.com/m", Version: "v1.0.0"}

// zipRows: title, module, version, zip, hash or null where dirhash.HashZip fails, whether Unzip takes it too, and why
// Modgate is stricter than Go, if it is: in any case, and where a zip passes by. A reason that begins with "passing: " is one of
// the latter kind.
func zipRows() (rows []row) {
	add := func(title string, m module.Version, data []byte, stricter string) {
		h1, takes := judged(m, data)
		passing, is := strings.CutPrefix(stricter, "passing: ")
		if is {
			stricter = ""
		}
		rows = append(rows, row{title, m.Path, m.Version, base64.StdEncoding.EncodeToString(data), h1, takes, stricter, passing})
	}
	for _, c := range createdZips() {
		var buf bytes.Buffer
		check(modzip.Create(&buf, c.module, c.files))
		add(c.title, c.module, buf.Bytes(), "")
	}
	deflated := func(name, content string) member { return member{name: prefix + name, content: content, method: 8} }
	file := func(name string) member { return deflated(name, "package m\n") }
	folder := func(name string) member { return member{name: prefix + name, raw: true} }
	goMod := deflated("go.mod", "module example.com/m\n")
	zeros := func(n int) string { return strings.Repeat("\x00", n) }
	for _, c := range []struct {
		title    string
		members  []member
		stricter string
	}{
		{"no entries", nil, ""},
		{"stored", []member{{name: prefix + "a", content: "a", raw: true}, {name: prefix + "b", raw: true}}, ""},
		{"deflated, sizes before", []member{{name: prefix + "a", content: zeros(1000), method: 8, raw: true}}, ""},
		{"stored, sizes behind", []member{{name: prefix + "a", content: "a"}}, ""},
		{"empty, deflated", []member{deflated("a", "")}, ""},
		{"folders", []member{folder(""), folder("d/"), goMod, file("d/a"), folder("e/f/")}, ""},
		{"folder before and after its file", []member{folder("d/"), file("d/a"), folder("d/")}, ""},
		{"root twice", []member{folder(""), folder("")}, ""},
		{"folder deflated to nothing", []member{{name: prefix + "d/", method: 8, raw: true}}, ""},
		{"folder with content", []member{{name: prefix + "d/", content: "x", raw: true}}, ""},
		{"symbolic link", []member{{name: prefix + "l", content: "a", raw: true, mode: os.ModeSymlink | 0o777}}, ""},
		{"device", []member{{name: prefix + "l", content: "a", raw: true, mode: os.ModeDevice | 0o777}}, ""},
		{"folder's mode on a file", []member{{name: prefix + "l", content: "a", raw: true, mode: os.ModeDir | 0o777}}, ""},
		{"executable", []member{{name: prefix + "l", content: "a", raw: true, mode: 0o755}}, ""},
		{"wrong prefix", []member{{name: "example.com/m@v1.0.1/a", method: 8}}, ""},
		{"no prefix", []member{{name: "a", method: 8}}, ""},
		{"prefix in other case", []member{{name: "example.com/M@v1.0.0/a", method: 8}}, ""},
		{"prefix without slash", []member{{name: "example.com/m@v1.0.0", method: 8}}, ""},
		{"double slash", []member{file("a//b")}, ""},
		{"two slashes at the end", []member{folder("a//")}, ""},
		{"slash alone", []member{folder("/")}, ""},
		{"up", []member{file("../a")}, ""},
		{"up at the end", []member{folder("a/../")}, ""},
		{"dot", []member{file("./a")}, ""},
		{"backslash", []member{file(`a\b`)}, ""},
		{"control", []member{file("a\nb")}, ""},
		{"not utf-8", []member{file("a\xff")}, ""},
		{"letters", []member{file("日本/ü.go")}, ""},
		{"mark", []member{file("u\u0308.go")}, ""},
		{"device of windows", []member{file("aux.go")}, ""},
		{"short name", []member{file("progra~1.go")}, ""},
		{"go.mod below", []member{file("a/go.mod")}, ""},
		{"Go.mod below", []member{file("a/Go.mod")}, ""},
		{"GO.MOD", []member{file("GO.MOD")}, ""},
		{"folder go.mod", []member{folder("go.mod/")}, ""},
		{"folder a/GO.MOD", []member{folder("a/GO.MOD/")}, ""},
		{"file in a folder go.mod", []member{file("go.mod/a")}, ""},
		{"go.mod and LICENSE", []member{goMod, deflated("LICENSE", "none\n"), deflated("a/LICENSE", "none\n")}, ""},
		{"largest go.mod", []member{deflated("go.mod", zeros(modzip.MaxGoMod))}, ""},
		{"go.mod too large", []member{deflated("go.mod", zeros(modzip.MaxGoMod+1))}, ""},
		{"largest LICENSE", []member{deflated("LICENSE", zeros(modzip.MaxLICENSE))}, ""},
		{"LICENSE too large", []member{deflated("LICENSE", zeros(modzip.MaxLICENSE+1))}, ""},
		{"LICENSE below may be large", []member{deflated("a/LICENSE", zeros(modzip.MaxLICENSE+1))}, ""},
		{"twice", []member{file("a"), file("a")}, ""},
		{"case", []member{file("a"), file("A")}, ""},
		{"case of a folder", []member{file("d/a"), file("D/b")}, ""},
		{"case of a folder between", []member{file("x/d/a"), file("x/d!/a"), file("x/D/b")}, ""},
		{"case of folders named", []member{folder("d/"), folder("D/")}, ""},
		{"case of a folder and a file in it", []member{folder("D/"), file("d/a")}, ""},
		{"Kelvin", []member{file("k"), file("\u212a")}, ""},
		{"long s", []member{file("s/a"), file("\u017f/b")}, ""},
		{"sigmas", []member{file("\u03c2"), file("\u03a3")}, ""},
		{"sharp s", []member{file("ss"), file("\u00df")}, ""},
		{"dotless i", []member{file("i"), file("\u0131"), file("\u0130")}, ""},
		{"file and folder", []member{file("a"), file("a/b")}, ""},
		{"folder and file", []member{file("a/b/c"), file("a")}, ""},
		{"folder and file, with others between", []member{file("a/b"), file("a!"), file("a.go"), file("a")}, ""},
		{"file and folder named", []member{file("a"), folder("a/")}, ""},
		{"file and folder but for case", []member{file("a"), file("A/b")}, ""},
		{"sorts otherwise", []member{file("a/b"), file("a!"), file("a-"), file("Z"), file("é"), file("z")}, ""},
		{"method", []member{{name: prefix + "a", content: "a", method: 12, raw: true}}, ""},
		{"encrypted", []member{{name: prefix + "a", content: "a", raw: true,
			change: func(h *zip.FileHeader) { h.Flags |= 1 }}}, ""},
		{"comment of a file", []member{{name: prefix + "a", content: "a", raw: true, comment: "c"}}, ""},
		{"extra field", []member{{name: prefix + "a", content: "a", raw: true, extra: []byte{0xfe, 0xca, 0, 0}}}, ""},
		{"extra field that is none", []member{{name: prefix + "a", content: "a", raw: true, extra: []byte{1, 0, 99, 0, 0}}}, ""},
		{"zip64 that nothing asks for", []member{{name: prefix + "a", content: "a", raw: true,
			extra: append([]byte{1, 0, 16, 0}, make([]byte, 16)...)}}, ""},
		{"zip64 twice", []member{{name: prefix + "a", content: "a", raw: true,
			extra: []byte{1, 0, 0, 0, 1, 0, 0, 0}}}, ""},
		{"crc", []member{{name: prefix + "a", content: "a", raw: true, change: func(h *zip.FileHeader) { h.CRC32++ }}}, ""},
		{"crc zero", []member{{name: prefix + "a", content: "a", raw: true,
			change: func(h *zip.FileHeader) { h.CRC32 = 0 }}}, ""},
		{"size too small", []member{{name: prefix + "a", content: "aaaaaaaaa", method: 8, raw: true,
			change: func(h *zip.FileHeader) { h.UncompressedSize64-- }}}, ""},
		{"size too large", []member{{name: prefix + "a", content: "aaaaaaaaa", method: 8, raw: true,
			change: func(h *zip.FileHeader) { h.UncompressedSize64++ }}}, ""},
		{"stored, sizes behind, empty", []member{{name: prefix + "a"}, {name: prefix + "b", content: "b"}}, ""},
		{"stored, sizes behind, several", []member{goMod, {name: prefix + "a", content: zeros(3000)}, file("b"), {name: prefix + "c", content: "c"}}, ""},
		{"stored, sizes behind, large", []member{{name: prefix + "a", content: strings.Repeat("PK\x07\x08 and so on ", 9000)}}, ""},
		{"stored, sizes behind, a zip in it", []member{{name: prefix + "a",
			content: string(build([]member{{name: "b", content: "b"}, {name: "c"}}, ""))}, file("d")}, ""},
		{"stored, sizes behind, what looks like its end before", []member{{name: prefix + "a",
			content: "PK\x07\x08" + zeros(12) + "a"}, file("d")}, "passing: what looks like its end comes before"},
		{"stored, sizes behind, in folders", []member{folder("d/"), {name: prefix + "d/a", content: "a"}, folder("d/e/")}, ""},
		{"crc zero, deflated", []member{{name: prefix + "a", content: "aaaaaaaaa", method: 8, raw: true,
			change: func(h *zip.FileHeader) { h.CRC32 = 0 }}}, ""},
		{"no sizes in a header without descriptor", []member{{name: prefix + "a", content: "aaaaaaaaa", method: 8, raw: true,
			change: func(h *zip.FileHeader) { h.UncompressedSize64, h.CompressedSize64 = 0, 0 }}}, ""},
		{"bytes after deflated data", []member{{name: prefix + "a", content: "aaaaaaaaa", method: 8, raw: true, behind: "xx"}, goMod}, ""},
		{"a record after deflated data", []member{{name: prefix + "a", content: "aaaaaaaaa", method: 8, raw: true, behind: "PK\x03\x04"}, goMod},
			"passing: something looks like a record"},
		{"bytes after stored data", []member{{name: prefix + "a", content: "aaaaaaaaa", raw: true, behind: "xx"}, goMod}, ""},
		{"folder of an unknown method", []member{{name: prefix + "d/", method: 99, raw: true}, goMod}, ""},
		{"folder with bytes of no content", []member{{name: prefix + "d/", raw: true, behind: "jar"}, goMod}, ""},
		{"names that are UTF-8 and do not say so", []member{{name: prefix + "ü", content: "a", raw: true,
			change: func(h *zip.FileHeader) { h.NonUTF8 = true }}}, ""},
		{"all flags but two", []member{{name: prefix + "a", content: "a", raw: true,
			change: func(h *zip.FileHeader) { h.Flags = 0xfff7 }}}, ""},
		{"no date", []member{{name: prefix + "a", content: "a", raw: true,
			change: func(h *zip.FileHeader) { h.ModifiedDate, h.ModifiedTime = 0, 0 }}}, ""},
		{"made by a Mac for the last version", []member{{name: prefix + "a", content: "a", raw: true,
			change: func(h *zip.FileHeader) { h.CreatorVersion, h.ReaderVersion = 19<<8|99, 99 }}}, ""},
		{"times in extra fields", []member{{name: prefix + "a", content: "a", raw: true, extra: []byte{0x55, 0x54, 5, 0, 1, 0, 0, 0, 0,
			0x0a, 0, 4, 0, 0, 0, 0, 0, 0x75, 0x78, 11, 0, 1, 4, 0, 0, 0, 0, 4, 0, 0, 0, 0}}}, ""},
	} {
		add(c.title, made, build(c.members, ""), c.stricter)
	}
	plain := build([]member{goMod, file("a"), {name: prefix + "b", content: "b", raw: true}}, "")
	end := plain[len(plain)-22:]
	add("comment", made, build([]member{goMod}, "a comment"), "")
	add("comment with an end", made, build([]member{goMod}, string(end)), "")
	add("comment with the signature", made, build([]member{goMod}, "PK\x05\x06"+zeros(18)), "passing: a second end is in the comment")
	add("comment with a signature too late to count", made, build([]member{goMod}, "PK\x05\x06"), "")
	add("appended", made, append(bytes.Clone(plain), 0), "passing: bytes follow the end")
	add("prepended", made, append([]byte("#!/bin/sh\n"), plain...), "")
	add("twice in a row", made, append(bytes.Clone(plain), plain...), "passing: bytes follow the end")
	add("empty", made, nil, "")
	surgery(add, plain)
	oddities(add, plain)
	zip64s(add)
	return rows
}

// surgery changes what no writer would write.
func surgery(add func(string, module.Version, []byte, string), plain []byte) {
	central := bytes.Index(plain, []byte("PK\x01\x02"))
	endAt := len(plain) - 22
	with := func(at int, insert string, sizeBy, offsetBy uint32) []byte {
		data := append(append(bytes.Clone(plain[:at]), insert...), plain[at:]...)
		end := data[len(data)-22:]
		binary.LittleEndian.PutUint32(end[12:], binary.LittleEndian.Uint32(end[12:])+sizeBy)
		binary.LittleEndian.PutUint32(end[16:], binary.LittleEndian.Uint32(end[16:])+offsetBy)
		return data
	}
	add("gap before the directory", made, with(central, "gap!", 0, 4), "")
	add("gap after the directory", made, with(endAt, "gap!", 4, 0), "")
	add("signature of the directory", made, with(endAt, "PK\x05\x05\x00\x00", 6, 0), "")
	add("extra data of the archive", made, with(central, "PK\x06\x08\x00\x00\x00\x00", 0, 8), "")
	second := 4 + bytes.Index(plain[4:], []byte("PK\x03\x04"))
	hidden := build([]member{{name: prefix + "hidden", content: "h", raw: true}}, "")
	hidden = hidden[:bytes.Index(hidden, []byte("PK\x01\x02"))]
	data := with(second, string(hidden), 0, uint32(len(hidden)))
	// The directory's second and third entries have moved.
	for at, n := len(hidden)+central, 0; n < 3; n++ {
		if n > 0 {
			offset := data[at+42:]
			binary.LittleEndian.PutUint32(offset, binary.LittleEndian.Uint32(offset)+uint32(len(hidden)))
		}
		at += 46 + int(binary.LittleEndian.Uint16(data[at+28:])) + int(binary.LittleEndian.Uint16(data[at+30:]))
	}
	add("an entry hidden from the directory", made, data, "")

	change := func(title string, at int, to string, stricter string) {
		data := bytes.Clone(plain)
		copy(data[at:], to)
		add(title, made, data, stricter)
	}
	name := bytes.Index(plain, []byte(prefix)) + len(prefix)
	change("another name in the local header", name, "no.mod", "")
	change("another method in the local header", 8, "\x00", "passing: the file itself has another compression method")
	change("another time in the local header", 10, "\x01", "")
	change("another version needed in the local header", 4, "\x2d", "")
	change("another time in the directory", central+12, "\x01", "")
	change("systems and modes in the directory", central+4, "\x2d\x03", "")
	change("entries on this disk", endAt+8, "\x09", "")
	change("number of a disk", endAt+4, "\x01", "")
	change("another number of entries", endAt+10, "\x02", "")
	change("another size of the directory", endAt+12, "\x00", "")
}

// oddities are what some writers do, or might, and what a reader that begins at the front has to find out.
func oddities(add func(string, module.Version, []byte, string), plain []byte) {
	le := binary.LittleEndian
	central := func(data []byte) int {
		return bytes.LastIndex(data[:bytes.LastIndex(data, []byte("PK\x05\x06"))], []byte("PK\x01\x02"))
	}
	entries := func(data []byte) (all [][]byte) {
		end := data[bytes.LastIndex(data, []byte("PK\x05\x06")):]
		rest := data[le.Uint32(end[16:]):]
		for range le.Uint16(end[10:]) {
			n := 46 + int(le.Uint16(rest[28:])) + int(le.Uint16(rest[30:])) + int(le.Uint16(rest[32:]))
			all = append(all, rest[:n:n])
			rest = rest[n:]
		}
		return all
	}
	// with puts a directory together of the entries, after the bytes.
	with := func(before []byte, entries ...[]byte) []byte {
		data := bytes.Clone(before)
		for _, e := range entries {
			data = append(data, e...)
		}
		size := len(data) - len(before)
		data = append(data, "PK\x05\x06\x00\x00\x00\x00"...)
		data = le.AppendUint16(le.AppendUint16(data, uint16(len(entries))), uint16(len(entries)))
		data = le.AppendUint32(le.AppendUint32(data, uint32(size)), uint32(len(before)))
		return append(data, 0, 0)
	}
	moved := func(entry []byte, to int) []byte {
		entry = bytes.Clone(entry)
		le.PutUint32(entry[42:], uint32(to))
		return entry
	}
	named := func(entry []byte, name string) []byte {
		entry = bytes.Clone(entry)
		copy(entry[46+len(prefix):], name)
		return entry
	}
	change := func(title string, data []byte, at int, to string, stricter string) {
		data = bytes.Clone(data)
		copy(data[at:], to)
		add(title, made, data, stricter)
	}
	raw := func(name, content string) []byte {
		return build([]member{{name: prefix + name, content: content, raw: true}}, "")
	}
	streamed := func(name, content string, method uint16) []byte {
		return build([]member{{name: prefix + name, content: content, method: method}}, "")
	}
	all := entries(plain)
	files := plain[:len(plain)-22-len(bytes.Join(all, nil))]
	add("directory in another order", made, with(files, all[2], all[0], all[1]), "")
	add("a file that the directory leaves out", made, with(files, all[0], all[2]), "")
	add("no file but the last in the directory", made, with(files, all[2]), "")
	add("an empty directory", made, with(files), "")
	add("a file under two names", made, with(files, all[0], all[1], named(all[1], "c")), "")
	large := raw("a", strings.Repeat("a", 1000))
	one := entries(large)[0]
	shared := [][]byte{}
	for n := range 30 {
		shared = append(shared, named(one, string(rune('a'+n%26))+"")[:])
	}
	add("a file under too many names", made, with(large[:central(large)], shared[:26]...), "files share their bytes")
	add("a directory that names no file", made, with(files, moved(all[0], 1)), "")
	add("a directory that names a place beyond", made, with(files, moved(all[0], len(plain)+1)), "")

	two := append(bytes.Clone(files), "gap!"...)
	two = append(two, files...)
	shift := len(files) + 4
	add("a gap between files", made, with(two, all[0], moved(all[1], shift+int(le.Uint32(all[1][42:]))), all[2]), "")
	signature := append(bytes.Clone(files), "PK\x03\x04 is a signature"...)
	add("a record in a gap", made, with(signature, all...), "passing: something looks like a record")
	inner := raw("b", "b")
	outer := raw("a", string(inner))
	within := bytes.Index(outer, inner)
	outerEntry, innerEntry := entries(outer)[0], entries(inner)[0]
	add("a file within another", made, with(outer[:central(outer)], outerEntry, moved(innerEntry, within)), "passing: one file is within another")

	for _, c := range []struct{ title, before, stricter string }{
		{"program", "#!/bin/sh\nexit\n", ""},
		{"large program", "MZ" + strings.Repeat("program ", 4000), ""},
		{"program with a P", "PKPKPPK\x03PK\x01", ""},
		{"page", "<html>", "passing: it begins like a page"},
		{"record", "MZPK\x03\x04", "passing: something looks like a record"},
	} {
		add("before it: "+c.title, made, append([]byte(c.before), plain...), c.stricter)
		// The directory knows of what stands before.
		known := [][]byte{}
		for _, e := range all {
			known = append(known, moved(e, len(c.before)+int(le.Uint32(e[42:]))))
		}
		add("before it, and counted: "+c.title, made, with(append([]byte(c.before), files...), known...), c.stricter)
	}
	// Where Go would look for the directory if nothing stood before the zip, there is something like one.
	trap, known := append([]byte("MZ"), files...), [][]byte{}
	for _, e := range all {
		known = append(known, moved(e, 2+int(le.Uint32(e[42:]))))
	}
	trap = append(trap, bytes.Join(known, nil)...)
	bait := with(append(trap, "gap!"...), known...)
	le.PutUint32(bait[len(bait)-6:], uint32(2+len(files)))
	add("before it, and another directory", made, bait, "passing: there are two directories")

	deflated, stored := streamed("a", "aaaaaaaaa", 8), streamed("a", "aaaaaaaaa", 0)
	behind := func(data []byte) int { return bytes.Index(data, []byte("PK\x07\x08")) }
	change("sizes behind that are wrong", deflated, behind(deflated)+8, "\x01\x02\x03", "")
	change("sizes behind that are wrong, stored", stored, behind(stored)+8, "\x01\x02\x03", "passing: nothing says where it ends")
	change("sum behind that is wrong", deflated, behind(deflated)+4, "\x01\x02\x03", "")
	change("sum behind that is wrong, stored", stored, behind(stored)+4, "\x01\x02\x03", "")
	change("sum of the directory that is wrong", deflated, central(deflated)+16, "\x01\x02\x03", "")
	zero := bytes.Clone(deflated)
	copy(zero[behind(zero)+4:], "\x00\x00\x00\x00")
	change("crc zero behind, too", zero, central(zero)+16, "\x00\x00\x00\x00", "")
	change("crc zero in the directory alone, sizes behind", deflated, central(deflated)+16, "\x00\x00\x00\x00", "")
	change("descriptor that the file alone announces", deflated, central(deflated)+8, "\x00", "")
	change("descriptor that the directory alone announces", deflated, 6, "\x00", "passing: the file itself does not announce its sum")
	change("descriptor that is announced and missing", large, central(large)+8, "\x08", "")
	missing := bytes.Clone(large)
	copy(missing[6:], "\x08")
	add("descriptor that the file alone announces and that is missing", made, missing, "")
	change("no sizes before a deflated file", deflated, central(deflated)+8, "\x00", "")
	change("other sizes before a stored file", large, 18, "\x01", "passing: the file itself has another length")
	change("crc zero in the directory alone", large, central(large)+16, "\x00\x00\x00\x00", "")
	change("crc zero in the file alone", large, 14, "\x00\x00\x00\x00", "")
	change("another crc in the file alone", large, 14, "\x01\x02\x03\x04", "")
	change("other flags in the file alone", large, 6, "\x01\x08", "")
	change("another size in the file alone", large, 22, "\x01\x02\x03\x04", "")
	change("part of the name in the file alone", large, 30, "/etc/passwd", "")
	size := len(plain) - 10
	change("a larger directory than there is", plain, size, string([]byte{plain[size] + 1}), "")
	change("a smaller directory than there is", plain, size, string([]byte{plain[size] - 1}), "")
	change("another place of the directory", plain, len(plain)-6, string([]byte{plain[len(plain)-6] + 1}), "")
	change("a comment that is cut short", plain, len(plain)-2, "\x01", "")
	change("all marks of disks", plain, len(plain)-18, "\xff\xff\xff\xff\xff\xff", "")
}

// zip64s are those that say with 64 bits what would fit into 32.
func zip64s(add func(string, module.Version, []byte, string)) {
	le := binary.LittleEndian
	content := []byte("package m\n")
	packed := deflate(content)
	crc := crc32.ChecksumIEEE(content)
	name := prefix + "a"
	sizes := func(wide bool) []byte {
		if wide {
			return le.AppendUint64(le.AppendUint64(nil, uint64(len(packed))), uint64(len(content)))
		}
		return le.AppendUint32(le.AppendUint32(nil, uint32(len(packed))), uint32(len(content)))
	}
	for _, c := range []struct {
		title                                        string
		localWide, behind, signed, descriptorWide    bool
		centralWide, endWide, endSays, offsetsBroken bool
		stricter                                     string
	}{
		{"nothing wide, sizes behind", false, true, true, false, false, false, false, false, ""},
		{"nothing wide, sizes behind without signature", false, true, false, false, false, false, false, false, ""},
		{"wide local header", true, false, false, false, false, false, false, false, ""},
		{"wide local header and directory", true, false, false, false, true, false, false, false, ""},
		{"wide throughout", true, false, false, false, true, true, true, false, ""},
		{"wide sizes behind", true, true, true, true, true, true, true, false, ""},
		{"wide sizes behind without signature", true, true, false, true, true, true, true, false, ""},
		{"wide sizes behind, narrow announced", false, true, true, true, false, false, false, false, ""},
		{"narrow sizes behind, wide announced", true, true, true, false, false, false, false, false, ""},
		{"wide end that nothing asks for", false, false, false, false, false, true, false, false, ""},
		{"wide end missing", false, false, false, false, false, false, true, false, ""},
		{"wide end with another place", false, false, false, false, false, true, true, true, ""},
	} {
		var data []byte
		local := func(sig string, flags uint16) {
			data = append(data, sig...)
			if sig[2] == 1 {
				data = le.AppendUint16(data, 45)
			}
			data = le.AppendUint16(data, 45)
			data = le.AppendUint16(data, flags)
			data = le.AppendUint16(data, 8)
			data = le.AppendUint32(data, 0x21_0000)
			data = le.AppendUint32(data, crc)
		}
		var flags uint16
		if c.behind {
			flags = 8
		}
		header := func(wide bool) {
			extra := 0
			if wide {
				data = le.AppendUint64(data, 0xffff_ffff_ffff_ffff)
				extra = 20
			} else {
				data = append(data, sizes(false)...)
			}
			data = le.AppendUint16(data, uint16(len(name)))
			data = le.AppendUint16(data, uint16(extra))
		}
		extra := func(wide bool) {
			data = append(data, name...)
			if wide {
				data = append(data, 1, 0, 16, 0)
				data = le.AppendUint64(data, uint64(len(content)))
				data = le.AppendUint64(data, uint64(len(packed)))
			}
		}
		local("PK\x03\x04", flags)
		header(c.localWide)
		extra(c.localWide)
		data = append(data, packed...)
		if c.behind {
			if c.signed {
				data = append(data, "PK\x07\x08"...)
			}
			data = le.AppendUint32(data, crc)
			data = append(data, sizes(c.descriptorWide)...)
		}
		directory := uint64(len(data))
		local("PK\x01\x02", flags)
		header(c.centralWide)
		data = append(data, make([]byte, 14)...)
		extra(c.centralWide)
		end := uint64(len(data))
		if c.endWide {
			data = append(data, "PK\x06\x06"...)
			data = le.AppendUint64(data, 44)
			data = append(data, 45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0)
			data = le.AppendUint64(le.AppendUint64(data, 1), 1)
			data = le.AppendUint64(data, end-directory)
			if c.offsetsBroken {
				data = le.AppendUint64(data, directory+1)
			} else {
				data = le.AppendUint64(data, directory)
			}
			data = append(data, "PK\x06\x07\x00\x00\x00\x00"...)
			data = le.AppendUint64(data, end)
			data = le.AppendUint32(data, 1)
		}
		data = append(data, "PK\x05\x06\x00\x00\x00\x00"...)
		if c.endSays {
			data = le.AppendUint64(data, 0xffff_ffff_ffff_ffff)
			data = le.AppendUint32(data, 0xffff_ffff)
		} else {
			data = append(data, 1, 0, 1, 0)
			data = le.AppendUint32(data, uint32(end-directory))
			data = le.AppendUint32(data, uint32(directory))
		}
		data = append(data, 0, 0)
		add("zip64: "+c.title, made, data, c.stricter)
	}
}

type created struct {
	title  string
	module module.Version
	files  []modzip.File
}

// createdZips are made by x/mod itself.
func createdZips() []created {
	files := func(pairs ...string) (all []modzip.File) {
		for n := 0; n < len(pairs); n += 2 {
			all = append(all, sourceFile{pairs[n], pairs[n+1]})
		}
		return all
	}
	hello := files("go.mod", "module example.com/m\n", "m.go", "package m\n", "LICENSE", "none\n", "testdata/ü.txt", "é", "empty", "")
	return []created{
		{"created", made, hello},
		{"created, capitals", module.Version{Path: "example.com/Acme/Words", Version: "v0.3.0-RC1"}, hello},
		{"created, incompatible", module.Version{Path: "example.com/m", Version: "v3.0.0+incompatible"}, hello[1:]},
		{"created, of nothing", made, nil},
		{"created, gopkg.in", module.Version{Path: "gopkg.in/m.v3", Version: "v3.0.1"},
			files("go.mod", "module gopkg.in/m.v3\n", "long", strings.Repeat("0123456789abcdef\n", 9000))},
	}
}

// build writes a zip with the entries as they are given.
func build(members []member, comment string) []byte {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	// The writer writes nothing into a folder, so a file is written that gets its slash later.
	var folders []string
	for _, m := range members {
		if name, is := strings.CutSuffix(m.name, "/"); is {
			folders = append(folders, name)
			m.name = name + "|"
		}
		h := &zip.FileHeader{Name: m.name, Method: m.method, Extra: m.extra, Comment: m.comment}
		if m.mode != 0 {
			h.SetMode(m.mode)
		}
		content := []byte(m.content)
		if !m.raw {
			f, err := w.CreateHeader(h)
			check(err)
			_, err = f.Write(content)
			check(err)
			continue
		}
		h.CRC32, h.UncompressedSize64 = crc32.ChecksumIEEE(content), uint64(len(content))
		if m.method == 8 {
			content = deflate(content)
		}
		content = append(content, m.behind...)
		h.CompressedSize64 = uint64(len(content))
		if m.change != nil {
			m.change(h)
		}
		f, err := w.CreateRaw(h)
		check(err)
		_, err = f.Write(content)
		check(err)
	}
	check(w.SetComment(comment))
	check(w.Close())
	data := buf.Bytes()
	for _, name := range folders {
		data = bytes.ReplaceAll(data, []byte(name+"|"), []byte(name+"/"))
	}
	return data
}

func deflate(content []byte) []byte {
	var buf bytes.Buffer
	w, err := flate.NewWriter(&buf, flate.BestCompression)
	check(err)
	_, err = w.Write(content)
	check(err)
	check(w.Close())
	return buf.Bytes()
}

// judged asks dirhash for the hash, or nil, and x/mod whether it unpacks a zip that has one.
func judged(m module.Version, data []byte) (any, bool) {
	dir, err := os.MkdirTemp("", "golden")
	check(err)
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "m.zip")
	check(os.WriteFile(file, data, 0o644))
	h1, err := dirhash.HashZip(file, dirhash.Hash1)
	return orNil(h1, err), err == nil && modzip.Unzip(filepath.Join(dir, "m"), m, file) == nil
}

type sourceFile struct{ path, content string }

func (f sourceFile) Path() string                { return f.path }
func (f sourceFile) Lstat() (os.FileInfo, error) { return sourceInfo{f}.Stat() }
func (f sourceFile) Open() (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(f.content)), nil
}

type sourceInfo struct{ sourceFile }

func (i sourceInfo) Stat() (os.FileInfo, error) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	_, err := w.Create(i.path)
	check(err)
	check(w.Close())
	r, err := zip.NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	check(err)
	r.File[0].UncompressedSize64 = uint64(len(i.content))
	return r.File[0].FileInfo(), nil
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
