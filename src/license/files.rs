//! Which files say under which licence a module is.

/// What such a name begins with, or ends with before its ending.
const STEMS: &[&str] = &["license", "licence", "copying", "unlicense", "unlicence"];

/// Endings of texts. What has none is one as well, and so is what has a licence for its ending (`LICENSE.MIT`).
const TEXTS: &[&str] = &["md", "markdown", "mkd", "txt", "rst", "adoc", "asciidoc", "org", "text"];

/// Endings of what is no text to be read: code about licences, lists of them, their pictures.
const OTHERS: &[&str] = &[
    "bat", "bmp", "bz2", "c", "cfg", "conf", "css", "csv", "doc", "docx", "gif", "go", "gz", "h", "htm",
    "html", "ini", "jpeg", "jpg", "js", "json", "lock", "mod", "odt", "pdf", "pl", "png", "proto", "ps1",
    "py", "rb", "rs", "rtf", "sh", "sum", "svg", "tar", "tmpl", "toml", "tpl", "ts", "xml", "yaml", "yml",
    "zip",
];

/// Parts of names of what is no licence of the module: what is put over its files, and the licences of what it uses.
const APART: &[&str] = &[
    "3rdparty",
    "boilerplate",
    "dependencies",
    "deps",
    "header",
    "headers",
    "party",
    "template",
    "third",
    "thirdparty",
    "vendor",
];

/// Whether the module's own licence may stand in a file of this name, which is its path within the module.
///
/// These are the names that pkg.go.dev knows (golang.org/x/pkgsite/internal/licenses.FileNames: LICENSE, LICENCE, COPYING and UNLICENSE with
/// endings, MIT-LICENSE), in any case, and more of the same kind: a licence that is overlooked is worse than one that is not
/// known. As there, files in folders are for those folders, and not looked at.
pub fn is_license_file(path: &str) -> bool {
    // No name of a licence is as long; a longer one is not worth a copy.
    const LONGEST: usize = 64;
    if path.len() > LONGEST || path.contains('/') {
        return false;
    }
    let name = path.to_ascii_lowercase();
    let (stem, ending) = name.rsplit_once('.').unwrap_or((&name, ""));
    if OTHERS.contains(&ending) {
        return false;
    }
    // The dot of a number or of a licence's name ends no stem.
    let stem = if TEXTS.contains(&ending) { stem } else { &name };
    let is_part = |c: char| matches!(c, '-' | '_' | '.' | ' ');
    let (Some(first), Some(last)) = (stem.split(is_part).next(), stem.split(is_part).next_back()) else {
        return false;
    };
    (STEMS.contains(&first) || STEMS.contains(&last))
        && !stem.split(is_part).any(|part| APART.contains(&part))
}
