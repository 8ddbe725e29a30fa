package main

import "golang.org/x/mod/module"

const filePathAlphabet = "//..--__~~!!  09vaZK@+:%$é\u212a\u0301\u2160日\t\x00\\*'`"

var baseFilePaths = []string{
	"", "/", "//", ".", "..", "...", "a", "a/", "/a", "a//b", "a/./b", "a/../b", "a/b", "-a", "a/-b", ".a", "a/.b", "a.", "a./b", "a..b", ".a.",
	"go.mod", "GO.MOD", "LICENSE", "a b", " ", "a/ ", " /a", "!", "a!b", "a~1", "progra~1.txt", "a,b", "a;b", "a\"b", "a'b", "a*b", "a<b", "a>b",
	"a?b", "a`b", "a|b", "a\\b", "a:b", "C:/a", "con", "CON", "a/con.txt", "aux.c", "x.con", "com1", "com0", "LPT9.x/y", "nul/x", "conx", "é",
	"日本/語.go", "\u212a", "a\u0301", "\u2160", "\u0661", "😀", "\u00ad", "\ufffd", "a\nb", "a\x7f", "\U00020000", "ſ", "nu\u217c", "a=b", "[a]", "{a}", "#a", "$a", "%a",
	"&a", "(a)", "+a", "@a", "^a", "_a",
}

// filePathRows: path, and whether module.CheckFilePath takes it.
func filePathRows() (rows []row) {
	for _, p := range grow(baseFilePaths, filePathAlphabet, 1500, 8) {
		rows = append(rows, row{p, module.CheckFilePath(p) == nil})
	}
	return rows
}
