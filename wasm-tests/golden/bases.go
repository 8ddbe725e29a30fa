package main

import "strings"

// What mutations are made of, per table.
const (
	pathAlphabet    = "//..--__~~0019vvaZK!@+:%$ é\u212a\t\x00\\*"
	versionAlphabet = "..--++00019vaZ_~ é\n"
	pseudoAlphabet  = "..--+00012359aZ"
	queryAlphabet   = "!!!..--++/01vaZ~:*\"<>|\\ é\u00ad\x00$#%&()@[]^_{}=`';?,"
	globAlphabet    = "****??[[]]^--\\/.abz0,Zé\u65e5!"
)

var long = strings.Repeat("9", 60)

var basePaths = []string{
	"", "/", "//", "-", ".", "..", "a", "a.b", "A.b", "a.B", "a.b/", "/a.b", "a.b//c", "a.b/c", "a.b/C", "-a.b", "a-.b",
	"a.b-", ".a.b", "a.b.", "a..b", "a.b/..", "a.b/.", "a.b/...", "a.b/.c", "a.b/c.", "a.b/c..d", "a.b/-c", "a.b/c-",
	"a.b/_c", "a.b/~c", "a_b.c/d", "a~b.c", "a+b.c", "a.b/c+d", "a.b/c@v1", "a.b/c d", "a.b/c!d", "a.b/c,d", "a.b/c:d",
	"a.b/c\\d", "a.b/ü", "ü.b/c", "a.b/\u212a", "a.b/c\x00", "a.b/c\n", "a.b/%41", "localhost", "localhost/x", "com/x",
	"github.com/Azure/azure-sdk-for-go", "github.com/GoogleCloudPlatform/cloudsql-proxy", "github.com/Sirupsen/logrus",
	"github.com/BurntSushi/toml", "golang.org/x/text", "golang.org/toolchain", "rsc.io/quote/v2", "k8s.io/api",
	"example.com/v1", "example.com/v2", "example.com/v10", "example.com/v0", "example.com/v01", "example.com/v02",
	"example.com/v2.0", "example.com/v2.", "example.com/v.2", "example.com/v1.2.3", "example.com/v", "example.com/V2",
	"example.com/vv2", "example.com/xv2", "example.com/x/v2", "example.com/x/v2/y", "example.com/x/v2/v3",
	"example.com/x/v1/v2", "example.com/x/v2/v1", "example.com/x.v2", "example.com/x/v2-unstable", "example.com/v2x",
	"example.com/x/v" + long, "example.com/x/v0" + long, "example.com/1.2", "example.com/x/1", "v2.x", "v2.x/v2", "v2.2",
	"v2.2/v2", "v1.1", "1.1", "1.1/v3",
	"gopkg.in/yaml.v1", "gopkg.in/yaml.v2", "gopkg.in/yaml.v3", "gopkg.in/yaml.v0", "gopkg.in/yaml.v00",
	"gopkg.in/yaml.v01", "gopkg.in/yaml.v02", "gopkg.in/yaml.v10", "gopkg.in/yaml.v2.0", "gopkg.in/yaml.v2-unstable",
	"gopkg.in/yaml.v0-unstable", "gopkg.in/yaml.v1-unstable", "gopkg.in/yaml.v-unstable", "gopkg.in/yaml.v",
	"gopkg.in/yaml-unstable", "gopkg.in/yaml", "gopkg.in/yaml/v2", "gopkg.in/yaml.v2/v2", "gopkg.in/user/yaml.v2",
	"gopkg.in/.v2", "gopkg.in/v2", "gopkg.in/", "gopkg.in", "gopkg.in/yaml.v2-unstable-unstable", "gopkg.in/yaml.V2",
	"gopkg.in/yaml.v2/x", "gopkg.in/yaml.v" + long, "gopkg.in/User/Yaml.v3", "Gopkg.in/yaml.v2", "gopkg.inx/yaml",
	"gopkg.in.example.com/x/v2", "gopkg.in/src-d/go-git.v4",
	"example.com/con", "example.com/CON", "example.com/Con", "example.com/con.x", "example.com/conx", "example.com/x.con",
	"example.com/aux.go.x", "example.com/prn", "example.com/nul", "example.com/NuL.txt", "example.com/com1",
	"example.com/com9.x", "example.com/com0", "example.com/com10", "example.com/com", "example.com/lpt1",
	"example.com/LPT9", "example.com/lpt0", "example.com/lpt", "con.com/x", "aux.example.com", "com1.x/y", "nul.io",
	"example.com/con/x", "example.com/con-", "example.com/.con", "example.com/conin$", "example.com/clock$",
	"example.com/progra~1", "example.com/progra~", "example.com/~1", "example.com/~", "example.com/~~1",
	"example.com/a~1b", "example.com/a~1.b", "example.com/a.b~1", "example.com/a~b~1", "example.com/a~1~b",
	"example.com/a~1~", "example.com/a~0012.x/y", "example.com/~1/x", "e~1.com/x",
	strings.Repeat("a", 64) + ".com/" + strings.Repeat("b", 300), "xn--bcher-kva.example/x", "127.0.0.1/x",
	"127.0.0.1:8080/x", "https://example.com/x", "example.com:443/x", "user@example.com/x", "example.com/x?y", "example.com/#",
}

var baseEscaped = []string{
	"", "!", "!!", "!a", "a!", "a.b/!", "a.b/!!c", "a.b/!c", "a.b/!C", "a.b/C", "a.b/c!", "a.b/!1", "a.b/!/c", "a.b/!.",
	"a.b/!_", "!a.b/c", "a!b.c/d", "github.com/!azure/azure-sdk-for-go", "github.com/!google!cloud!platform/cloudsql-proxy",
	"github.com/%21azure/x", "github.com/Azure/x", "github.com/!é/x", "github.com/é", "a.b/!con", "a.b/!c!o!n", "a.b/c!o!n",
	"gopkg.in/!user/yaml.v3", "gopkg.in/yaml.!v3", "a.b/!v2", "a.b/v2", "a.b/v1", "a.b/!z", "a.b/!{", "a.b/!`", "a.b/[",
}

var baseVersions = []string{
	"", "v", "v.", "v0", "v1", "v1.", "v1.2", "v1.2.", "v1.2.3", "v1.2.3.4", "1.2.3", "V1.2.3", "vv1.2.3", " v1.2.3",
	"v1.2.3 ", "v01.2.3", "v1.02.3", "v1.2.03", "v00", "v0.0.0", "v0.0", "v-1", "v+1", "v1-pre", "v1.2-pre", "v1+meta",
	"v1.2+meta", "v1.2.3-", "v1.2.3+", "v1.2.3-+", "v1.2.3-+meta", "v1.2.3-pre+", "v1.2.3-pre", "v1.2.3-pre.1",
	"v1.2.3-pre.01", "v1.2.3-01", "v1.2.3-0", "v1.2.3-00", "v1.2.3-0a", "v1.2.3-00a", "v1.2.3--", "v1.2.3---",
	"v1.2.3-.", "v1.2.3-a.", "v1.2.3-.a", "v1.2.3-a..b", "v1.2.3-a_b", "v1.2.3-é", "v1.2.3-a-b.-.--", "v1.2.3-1-2",
	"v1.2.3+meta", "v1.2.3+001", "v1.2.3+a.b", "v1.2.3+a..b", "v1.2.3+a.", "v1.2.3+.a", "v1.2.3+a+b", "v1.2.3+-",
	"v1.2.3-pre+meta", "v1.2.3-pre+meta.01", "v2.0.0+incompatible", "v2.0.0-pre+incompatible", "v0.0.0+incompatible",
	"v1.0.0+incompatible", "v2.0.0+INCOMPATIBLE", "v2.0.0+incompatible.1", "v2.0.0+incompatiblex", "v2+incompatible",
	"v2.0+incompatible", "v2.0.0-incompatible", "v68.0.0+incompatible", "v1.0.0-alpha", "v1.0.0-alpha.1",
	"v1.0.0-alpha.beta", "v1.0.0-beta", "v1.0.0-beta.2", "v1.0.0-beta.11", "v1.0.0-rc.1", "v1.0.0-RC1", "v1.0.0",
	"v1.0.1", "v1.10.0", "v1.9.0", "v10.0.0", "v9.0.0", "v2.0.0", "v1.0.0-1", "v1.0.0-2", "v1.0.0-10", "v1.0.0-9",
	"v1.0.0-a", "v1.0.0-A", "v1.0.0-1a", "v1.0.0-10a", "v1.0.0-9a", "v1.0.0-a.1", "v1.0.0-a.a", "v1.0.0-a.1.1", "v1.0.0-a-1",
	"v1.0.0-a.-", "v1.0.0--1", "v1.0.0--", "v1.0.0-0.0", "v1.0.0-0.0.0", "v1.0.0-a.0", "v1.0.0-a0",
	"v" + long + ".0.0", "v" + long + "9.0.0", "v0." + long + ".0", "v0.0." + long, "v1.0.0-" + long, "v1.0.0-" + long + "0",
	"v1.0.0-a." + long, "v1.0.0-" + long + "a", "v18446744073709551615.0.0", "v18446744073709551616.0.0",
	"v0.18446744073709551616.0", "v1.0.0-18446744073709551616", "v1.0.0-18446744073709551615", "v0" + long + ".0.0",
	"v0.0.0-20060102150405-abcdefabcdef", "v1.2.4-0.20060102150405-abcdefabcdef", "v1.2.3-pre.0.20060102150405-abcdefabcdef",
	"v2.0.1-0.20060102150405-abcdefabcdef+incompatible", "v2.0.0-pre.0.20060102150405-abcdefabcdef+incompatible",
	"v0.0.0-20060102150406-abcdefabcdef", "v0.0.0-20060102150405-abcdefabcdee", "v2.0.0-20060102150405-abcdefabcdef",
	"v0.0.1-go1.27.3.linux-amd64", "v0.0.0-2006010215040-abcdefabcdef", "master", "main", "latest", "none", "upgrade",
	"v1.2.x", "v1.x", "<v1.2.3", ">=v1", "v1.2.3/go.mod", "v0x1.2.3", "v1e3.0.0", "v1.2.3\n", "v١.2.3",
}

var basePseudo = []string{
	"v0.0.0-20060102150405-abcdefabcdef", "v1.0.0-20060102150405-abcdefabcdef", "v2.0.0-20060102150405-abcdefabcdef",
	"v1.2.0-20060102150405-abcdefabcdef", "v1.0.3-20060102150405-abcdefabcdef", "v1.2.3-20060102150405-abcdefabcdef",
	"v1.2.4-0.20060102150405-abcdefabcdef", "v1.2.0-0.20060102150405-abcdefabcdef", "v0.0.0-0.20060102150405-abcdefabcdef",
	"v1.0.0-0.20060102150405-abcdefabcdef", "v1.2.10-0.20060102150405-abcdefabcdef", "v1.2.100-0.20060102150405-abcdefabcdef",
	"v1.2.110-0.20060102150405-abcdefabcdef", "v1.2.1-0.20060102150405-abcdefabcdef", "v1.2.200-0.20060102150405-abc",
	"v1.2." + long + "-0.20060102150405-abcdefabcdef", "v1.2.1" + strings.Repeat("0", 40) + "-0.20060102150405-abcdefabcdef",
	"v1.2.3-pre.0.20060102150405-abcdefabcdef", "v1.2.3-pre.1.0.20060102150405-abcdefabcdef",
	"v1.2.3-0.0.20060102150405-abcdefabcdef", "v1.2.3-a-b.0.20060102150405-abcdefabcdef", "v1.2.3-rc-0.20060102150405-abc",
	"v1.2.3--.0.20060102150405-abc", "v1.2.3-pre0.20060102150405-abc", "v1.2.3-pre.00.20060102150405-abc",
	"v1.2.3-pre.20060102150405-abc", "v1.2.3-0-20060102150405-abc", "v1.0.0-a-20060102150405-abc", "v1.2.3-a.0.0.20060102150405-abc",
	"v2.0.1-0.20060102150405-abcdefabcdef+incompatible", "v2.0.0-pre.0.20060102150405-abcdefabcdef+incompatible",
	"v2.0.0-20060102150405-abcdefabcdef+incompatible", "v2.0.0-0.20060102150405-abcdefabcdef+incompatible",
	"v1.2.4-0.20060102150405-abcdefabcdef+meta", "v1.2.4-0.20060102150405-abcdefabcdef+meta.1-x", "v1.2.4-0.20060102150405-abc+",
	"v0.0.0-2006010215040-abcdefabcdef", "v0.0.0-200601021504055-abcdefabcdef", "v0.0.0-20060102150405", "v0.0.0-20060102150405-",
	"v0.0.0-20060102150405-abc.def", "v0.0.0-20060102150405-abc-def", "v0.0.0-20060102150405-ABCDEF", "v0.0.0-20060102150405-0",
	"v0.0.0-20060102150405-xyz", "v0.0-20060102150405-abc", "v0-20060102150405-abc", "0.0.0-20060102150405-abc",
	"v00.0.0-20060102150405-abc", "v0.0.0-20060102150405-abcdefabcdef+", "v0.0.0-2006010215040a-abc", "v1.2.3", "v1.2.3-pre", "",
	"v0.0.0-00010101000000-000000000000", "v0.0.0-00000101000000-000000000000", "v0.0.0-00000000000000-000000000000",
	"v0.0.0-19700101000000-a", "v0.0.0-19691231235959-a", "v0.0.0-99991231235959-a", "v0.0.0-20000229000000-a",
	"v0.0.0-19000229000000-a", "v0.0.0-19000228000000-a", "v0.0.0-20040229000000-a", "v0.0.0-20050229000000-a",
	"v0.0.0-00000229000000-a", "v0.0.0-00000301000000-a", "v0.0.0-20061301000000-a", "v0.0.0-20060001000000-a",
	"v0.0.0-20060100000000-a", "v0.0.0-20060132000000-a", "v0.0.0-20060431000000-a", "v0.0.0-20060430000000-a",
	"v0.0.0-20060631000000-a", "v0.0.0-20060931000000-a", "v0.0.0-20061131000000-a", "v0.0.0-20061231000000-a",
	"v0.0.0-20060102240000-a", "v0.0.0-20060102236000-a", "v0.0.0-20060102235960-a", "v0.0.0-20060102235959-a",
	"v0.0.0-20161231235960-a", "v0.0.0-20380119031408-a", "v0.0.0-21060207062816-a",
}

var baseQueries = []string{
	"", ".", "..", ".x", "x.", "x..y", "-", "-x", "!", "!x", "x!", "!!x", "!X", "X", "!x!y", "master", "Master", "!master", "v1",
	"v1.2", "v1.2.3", "V1", "!v1", "v1.0.0-RC1", "v1.0.0-!r!c1", "feature/x", "release-1.2", "release_1.2", "a b", " ", "~", "x~1",
	"progra~1", "con", "CON", "con.x", "!c!o!n", "!con", "nul", "aux.1", "com1", "lpt9.v1", "v1.con", "a:b", "a\\b", "a*b", "a?b", "a<b", "a>b",
	"a|b", "a\"b", "a'b", "a`b", "a;b", "a#b", "a$b", "a%b", "a%41", "a&b", "a(b)", "a+b", "a,b", "a=b", "a@b", "a[b]", "a^b", "a_b", "a{b}",
	"é", "aé", "日本", "a\u0301", "a\u00ad", "a\tb", "a\nb", "a\x00", "\x7f", "abcdef123456", "latest", "upgrade", "patch", "none", "HEAD",
	"!h!e!a!d", "v2.0.0+incompatible", "v0.0.0-20060102150405-abcdefabcdef", "refs!heads", "nul\u212a", "\u212a", "ſ", "COMſ", "a/!b", "!/",
}

var majorVersions = []string{
	"v0.0.0", "v0.1.0", "v1.0.0", "v1.0.0+incompatible", "v2.0.0", "v2.0.0-pre", "v2.0.0+incompatible", "v3.1.4", "v4.0.0",
	"v10.0.0", "v10.0.0+incompatible", "v" + long + ".0.0", "v0.0.0-20161208181325-20d25e280405", "v0.0.0-pre", "v0.0.0-",
	"v1.0.0-20161208181325-20d25e280405", "v2.0.0-20161208181325-20d25e280405", "v0.0.1-20161208181325-20d25e280405",
	"v3.0.0-20161208181325-20d25e280405+incompatible", "v20.0.0", "v19.0.0",
}

var baseGlobs = []string{
	"", "/", "//", "*", "*/", "*//", "**", "***", "*/*", "*/*/*", "?", "a", "a.b", "a.b/", "a.b//", "/a.b", "a.b/c", "a.b/c/d",
	"a.b/*", "a.b/*/d", "*.b", "*.b/c", "*b", "a*", "a*b", "*.*", "*.*.*", "a.?", "?.b", "??b", "a.b/?", "a.b/??", "*.corp.example.com",
	"*.corp.example.com/x", "corp.example.com", "github.com/acme", "github.com/acme/*", "github.com/acme*", "github.com/*/x", "github.com/a*e/x",
	"git*.com/*", "*hub.com/acme", "github.com/[a-c]*", "github.com/[^a-c]*", "github.com/[A-Z]*", "github.com/Azure", "github.com/azure", "GitHub.com/acme",
	"github.com/acme/x/v2", "github.com/acme/*/v[2-9]", "github.com/acme/**", "github.com/**/v2", "*a*b*c*", "*a*a*a*a*", "*x*y/*z", "gopkg.in/*.v[0-9]", "gopkg.in/yaml.v3",
	"gopkg.in/*-unstable", "a[", "a[]", "a[]a]", "a[^]", "a[^]a]", "a[a", "a[a-", "a[a-]", "a[-a]", "a[a-b-c]", "a[--a]", "a[a]", "a[ab].b", "[a].b", "[a-a].b",
	"[b-a].b", "[^b].b", "[^].b", "[\\]].b", "[\\^a].b", "[\\-a].b", "[a\\-z].b", "[^^].b", "[a^].b", "[[].b", "[[a]].b", "]a", "a]", "a.b]", "[]]", "\\a.b", "\\", "a\\",
	"a.b\\", "\\*", "\\*.b", "a.b/\\c", "a\\.b", "a.b\\/c", "[a\\", "[a\\]", "[\\a].b", "[\\", "[*].b", "[?].b", "[a*].b", "*[a].b", "[a]*.b", "a[*]b", "[a-z]*.[a-z]*", "a[/]b",
	"a.b[/]c", "a.b[^x]c", "a.b[^x]*", "*[/]*", "a.b/[^/]*", "[^/]*", "[^/]*/c", "a.b[.-0]c", "*[^x]c", "*[^x]c/d", "a.b?c", "a.b/c?d", "*/c", "*/?", "*?*", "?*", "*?", "*??", "*???", "**a", "a**",
	"a.b/*c*d*", "a.b/c*/d*", "é", "*é", "?", "[é].b", "[é-ü].b", "*[\ufffd]", "*[é]", "日*", "*本", "[日-本]*", "a.b,c.d", "a.b,", ",", "a b", " a.b", "a.b ", "a.b/c!d", "https://a.b", "a.b:80",
	"con.b", "a.b/con", "a.b/con*", "a.b/aux/x", "a.b/.c", ".a.b", ".*.b", "a.b/c.", "a.b/~1", "a.b/v1", "a.b/v2", "localhost", "localhost/*", "internal*", "-a.b", "a.b/-c", "!a.b", "a.b/**/d",
}

var baseGlobLists = []string{
	"", ",", ",,", "a.b", "a.b,", ",a.b", "a.b,c.d", "a.b,,c.d", "a.b/,c.d/", "a.b,/", "/,a.b", "a.b/c,*.example.com", "*,a.b", "github.com/acme,golang.org/*", "a.b, c.d",
	"[,],a.b", "a.b,[", "github.com/acme/*,gopkg.in/*.v3", "*.corp.example.com,rsc.io/private",
}

var baseTargets = []string{
	"a.b", "a.b/c", "a.b/c/d", "a.b/cd", "a.b/c/e", "a.b/x", "a.b/v2", "b.b", "ab.b", "x.b/c", "a.bc", "a.b.c", "a.b/ab/d", "a.b/-c", "aab.b/c", "abc.b", "xa.b/d",
	"corp.example.com", "git.corp.example.com", "git.corp.example.com/x", "corp.example.com/x", "xcorp.example.com", "github.com", "github.com/acme", "github.com/acme/x", "github.com/acme/x/v2",
	"github.com/acme-x/y", "github.com/bcme/x", "github.com/Azure/azure-sdk-for-go", "github.com/azure/x", "gitlab.com/acme", "golang.org/x/text", "gopkg.in/yaml.v3", "gopkg.in/yaml.v2-unstable",
	"gopkg.in/user/yaml.v3", "rsc.io/private/x", "a-b.c/d", "1.1/x", "z.z", "aa.aa/aaaa", "xayb.c/z", "internal.x/y",
}

var oddTargets = []string{
	"", "/", "//", "a", "ab", "abc", "/a", "a/", "a/b", "a//b", "a.b/", "a.b//", "a.b//c", "b", "c", "x/c", "axb", "a*b", "]", "[", "\\", "-", "^", "a]", "A.B", "é", "éa", "aé", "日", "日本", "a日b", "\ufffd",
	"é.b", "a,b", "a b", "localhost", "localhost/x", "aaaaaaaaaaaa", "abab/abab", "con.b", "a.b/con",
}

// Bounds of terms, in full and short.
var termBounds = []string{
	"v0", "v1", "v2", "v10", "v" + long, "v0.0", "v0.3", "v1.2", "v1.10", "v2.0", "v1." + long,
	"v0.0.0", "v0.3.1", "v1.0.0", "v1.2.0", "v1.2.3", "v1.10.0", "v2.0.0", "v2.0.0+incompatible", "v10.0.0",
	"v1.0.0-rc.1", "v1.0.0-0", "v1.2.3-pre", "v1.2.3-pre.1", "v0.0.0-20060102150405-abcdefabcdef",
	"v1.2.4-0.20060102150405-abcdefabcdef", "v2.0.1-0.20060102150405-abcdefabcdef+incompatible",
	"v" + long + ".0.0", "v0.0." + long, "v18446744073709551616.0.0", "v1.0.0-" + long,
}

// Versions about the bounds, beside those that the tables share.
var termVersions = []string{
	"v0.3.0", "v0.3.1", "v0.3.2-0", "v0.4.0", "v1.1.9", "v1.2.0-0", "v1.2.0-rc.1", "v1.2.0", "v1.2.1", "v1.2.2", "v1.2.4", "v1.2.10",
	"v1.3.0", "v1.3.0-0", "v1.11.0", "v1.20.3", "v2.0.0-0", "v2.0.0-rc.1+incompatible", "v2.0.1", "v2.0.1+incompatible",
	"v2.1.0+incompatible", "v3.0.0+incompatible", "v10.0.1", "v11.0.0", "v20.0.0", "v1." + long + ".0", "v1." + long + ".1-rc",
	"v1." + long + "0.0", "v0.0." + long[1:], "v" + long[1:] + ".0.0", "v" + long + ".1.0", "v0.3.1-0.20060102150405-abcdefabcdef",
	"v1.0.1-0.20260102150405-abcdefabcdef", "v1.2.3-pre.0.20260102150405-abcdefabcdef",
}
