//! One qualifier, as a text of `Versions`.

use super::filter_warning::FilterWarning;
use crate::gomod::Version;

/// What a qualifier comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Qualifier {
    /// For which versions it is; `None` where for none.
    pub(super) term: Option<String>,
    pub(super) warnings: Vec<FilterWarning>,
}

/// Reads what stands between two commas.
pub(super) fn read(written: &str) -> Result<Qualifier, &'static str> {
    let plain = written.trim_end_matches('*');
    let qualifier = match plain.chars().next() {
        None => return Err("no qualifier, at which Athens crashes"),
        Some('~') => compared("~", plain),
        Some('^') => compared("^", plain),
        // At most, in spite of its looks.
        Some('<') => compared("<=", plain),
        Some(_) => begun(plain, plain.len() < written.len())?,
    };
    Ok(qualifier.unwrap_or_else(|| Qualifier { term: None, warnings: vec![FilterWarning::NoVersion] }))
}

/// `~v1.2.3` and the like. `None` for no version.
fn compared(operator: &str, plain: &str) -> Option<Qualifier> {
    let after = plain.get(1..)?;
    // Athens skips the character in the place of the v, so that `<=1.2.3` does what it says.
    let numbers = after.strip_prefix(|c: char| c.is_ascii() && !c.is_ascii_digit());
    let warnings = if numbers.is_none() { vec![FilterWarning::NoV] } else { Vec::new() };
    let mut numbers = numbers.unwrap_or(after).trim_matches('.').split('.').map(decimal);
    let (major, minor, patch) = (numbers.next()??, numbers.next()??, numbers.next()??);
    if numbers.next().is_some() {
        return None;
    }
    Some(Qualifier {
        term: Some(format!("{operator}v{major}.{minor}.{patch}, release, !incompatible")),
        warnings,
    })
}

/// What versions begin with. `None` for no version.
fn begun(plain: &str, is_starred: bool) -> Result<Option<Qualifier>, &'static str> {
    let mut warnings = Vec::new();
    let number = plain.strip_prefix('v').unwrap_or_else(|| {
        warnings.push(FilterWarning::NoV);
        plain
    });
    let (core, rest) = number.split_at(number.find(['-', '+']).unwrap_or(number.len()));
    // Athens has whole numbers compared by adding the dot after the first and second.
    let family = if rest.is_empty() { core.strip_suffix('.').unwrap_or(core) } else { core };
    let term = match (family.split('.').map(is_number).collect::<Vec<_>>().as_slice(), rest) {
        ([true] | [true, true], "") => format!("v{family}"),
        ([true, true, true], "-") => format!(">=v{core}-0, <v{core}"),
        ([true, true, true], _) if family.len() == core.len() => {
            let version = format!("v{number}");
            // What begins with digits is written for pseudo-versions: `v0.0.0-2019` for those of a year.
            let is_for_pseudo = rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
            match Version::parse(&version) {
                Ok(read) if !is_starred && (read.is_pseudo() || !is_for_pseudo) => {}
                _ => return Err(PART),
            }
            warnings.push(FilterWarning::Full);
            version
        }
        _ => return Ok(None),
    };
    Ok(Some(Qualifier { term: Some(term), warnings }))
}

/// A number as Go's strconv.Atoi reads it, which takes leading zeros.
fn decimal(digits: &str) -> Option<i64> {
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Whether a version can have this number in it.
fn is_number(digits: &str) -> bool {
    !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'))
}

const PART: &str = "part of a version, for those that begin so: write them in full, or v1.2.* for a minor version, or \
                    v1.2.3-* for its pre-releases";
