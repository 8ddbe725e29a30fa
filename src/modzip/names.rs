//! The names of a module's files: what one may be, and which two cannot be together.
//!
//! Semantics of golang.org/x/mod/zip.checkZip with its collisionChecker.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::{Fault, MAX_ZIP};
use crate::gomod::{check_file_path, fold};

/// Bytes of a go.mod. Source: MaxGoMod of golang.org/x/mod/zip.
pub const MAX_GO_MOD: u64 = 16 << 20;
/// Bytes of a LICENSE at the root. Source: MaxLICENSE of golang.org/x/mod/zip.
pub const MAX_LICENSE: u64 = 16 << 20;
/// Bytes of a name below `module@version/`. Source: PATH_MAX of Linux; the go command could not unpack a longer one.
pub const MAX_NAME: usize = 4096;

/// Checks the bytes of a name in a zip and gives what is below `prefix`: a file, a folder with its final slash, or
/// nothing where it is the root.
///
/// # Errors
/// Where the name is not one that x/mod takes, or is longer than [`MAX_NAME`].
pub(super) fn check<'a>(name: &'a [u8], prefix: &str) -> Result<&'a str, Fault> {
    let name = str::from_utf8(name).map_err(|_| Fault::NotUtf8)?;
    let name = name.strip_prefix(prefix).ok_or(Fault::Prefix)?;
    if name.is_empty() {
        return Ok(name);
    }
    if name.len() > MAX_NAME {
        return Err(Fault::NameLength);
    }
    check_file_path(without_slash(name)).map_err(Fault::Name)?;
    if !is_folder(name) {
        let base = name.rsplit('/').next().unwrap_or(name);
        if base.eq_ignore_ascii_case("go.mod") && name != "go.mod" {
            return Err(Fault::GoMod);
        }
    }
    Ok(name)
}

/// Whether a name, as [`check`] gives it, is a folder's.
pub(super) fn is_folder(name: &str) -> bool {
    name.is_empty() || name.ends_with('/')
}

/// How many bytes there may be in the file of this name.
pub(super) fn limit(name: &str) -> u64 {
    match name {
        "go.mod" => MAX_GO_MOD,
        "LICENSE" => MAX_LICENSE,
        _ => MAX_ZIP,
    }
}

fn without_slash(name: &str) -> &str {
    name.strip_suffix('/').unwrap_or(name)
}

/// Names that can be together in one folder, on systems where case counts and on those where it does not.
#[derive(Default)]
pub(super) struct Names(BTreeSet<Folded>);

impl Names {
    /// Adds a name that [`check`] gave.
    ///
    /// # Errors
    /// Where it is there already, where one is a file and the other a folder with the same name, and where two
    /// names, or the folders they are in, differ in case alone.
    pub(super) fn add(&mut self, name: Rc<str>) -> Result<(), Fault> {
        if name.is_empty() {
            return Ok(());
        }
        // Names below one folder are neighbours in this order, with the folder itself before them. So whichever
        // name this one clashes with, there is a neighbour with the same clash: else those two would have clashed
        // before.
        let name = Folded(name);
        let before = self.0.range(..=&name).next_back();
        let after = self.0.range(&name..).next();
        for neighbour in before.into_iter().chain(after) {
            clash(&neighbour.0, &name.0)?;
        }
        self.0.insert(name);
        Ok(())
    }

    /// Drops one of the names, if there is any.
    pub(super) fn forget_one(&mut self) {
        self.0.pop_first();
    }
}

/// Compares element by element as long as the elements are equal but for case.
fn clash(one: &Rc<str>, other: &Rc<str>) -> Result<(), Fault> {
    let mut ones = without_slash(one).split('/');
    let mut others = without_slash(other).split('/');
    loop {
        match (ones.next(), others.next()) {
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) if a.chars().map(fold).eq(b.chars().map(fold)) => {
                return Err(Fault::Case(Box::from(&**one)));
            }
            (Some(_), Some(_)) => return Ok(()),
            (None, None) if is_folder(one) == is_folder(other) => return Err(Fault::Twice),
            (None, Some(_)) if is_folder(one) => return Ok(()),
            (Some(_), None) if is_folder(other) => return Ok(()),
            _ => return Err(Fault::FileAndFolder(Box::from(&**one))),
        }
    }
}

/// A name in an order that ignores case, and in which a folder is followed by what is in it.
struct Folded(Rc<str>);

impl Ord for Folded {
    fn cmp(&self, other: &Self) -> Ordering {
        let (one, other) = (without_slash(&self.0), without_slash(&other.0));
        // What two names in one folder have in common is most of them, and needs no folding.
        let common = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        let rest = |name: &'_ str| name.floor_char_boundary(common);
        keys(one.get(rest(one)..)).cmp(keys(other.get(rest(other)..)))
    }
}

fn keys(rest: Option<&str>) -> impl Iterator<Item = char> {
    // A slash is less than every character that a name may hold.
    rest.unwrap_or_default().chars().map(|c| if c == '/' { '\0' } else { fold(c) })
}

impl PartialOrd for Folded {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Folded {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Folded {}
