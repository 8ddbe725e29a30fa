//! Who asks: the names that the gateway's authentication left in a request.
//!
//! **No caller is anonymous by accident.** A caller is anonymous if the header, the property or the certificate is not there, or is empty.
//! A caller whose names cannot be read, are too many or too long is refused. Otherwise a caller could escape a rule that denies its team by
//! sending names that cannot be read.
//!
//! **No caller can add a name to its own.** A value that may hold one name alone is never split. A value that looks as if a second name had
//! been joined to it is refused, and so is a header that comes twice.

#[cfg(test)]
mod tests;
mod xfcc;

use crate::{
    config::{CallerSource, Callers, Origin, limits},
    goproxy::Refusal,
    http::{Property, RequestHead},
    metrics::OwnReason,
    policy::Caller,
};

/// Why a caller's names cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Unclear {
    #[error("it holds a comma, and one name was expected")]
    Joined,
    #[error("it is malformed")]
    Malformed,
    #[error("it holds what is no text")]
    NoText,
    #[error("it came more than once")]
    Repeated,
    #[error("Envoy cannot hand it over; perhaps it is null, or has a null in it")]
    Unreadable,
    #[error("it holds a name of more than {} bytes", limits::MAX_CALLER_NAME_BYTES)]
    TooLong,
    #[error("there are more than {} names", limits::MAX_CALLER_NAMES)]
    TooMany,
}

/// Who sent this request.
///
/// # Errors
/// With the refusal of a caller whose names cannot be read.
pub fn caller(head: &RequestHead, callers: &Callers) -> Result<Caller, Refusal> {
    let mut names = Vec::new();
    let mut properties = head.properties.iter();
    for source in &callers.principals {
        let property = match &source.origin {
            // A property that the host was not asked for is not known to be absent.
            Origin::Property(_) => properties.next().unwrap_or(&Property::Unreadable),
            Origin::Header(_) | Origin::Xfcc(_) => &Property::Absent,
        };
        let read = read(source, head, property).and_then(|found| add(&mut names, found, &source.prefix));
        read.map_err(|why| refusal(&source.origin, &why))?;
    }
    Ok(Caller::new(names))
}

/// The one name of a caller that is shown where there is room for one: the first of the first source that gives one, and an empty one for
/// an anonymous caller.
pub(super) fn first_name<'a>(caller: &'a Caller, callers: &Callers) -> &'a str {
    let names = caller.principals();
    // No prefix is the beginning of another.
    let mut sources = callers.principals.iter();
    let first = sources.find_map(|source| names.iter().find(|name| name.starts_with(&source.prefix)));
    first.or_else(|| names.first()).map_or("", String::as_str)
}

/// The names that `source` gives, as they are written there.
fn read(source: &CallerSource, head: &RequestHead, property: &Property) -> Result<Vec<String>, Unclear> {
    match &source.origin {
        Origin::Header(name) => match (only(head, name)?, source.separator) {
            (None, _) => Ok(Vec::new()),
            (Some(value), None) if value.contains(',') => Err(Unclear::Joined),
            (Some(value), separator) => Ok(split(value, separator)),
        },
        Origin::Property(_) => {
            let texts = match property {
                Property::Absent => &[][..],
                Property::NoText => return Err(Unclear::NoText),
                Property::Texts(texts) => texts,
                Property::Unreadable => return Err(Unclear::Unreadable),
            };
            Ok(texts.iter().flat_map(|text| split(text, source.separator)).collect())
        }
        Origin::Xfcc(key) => match only(head, xfcc::HEADER)? {
            None => Ok(Vec::new()),
            Some(value) => xfcc::values(value, key.as_str()).ok_or(Unclear::Malformed),
        },
    }
}

/// The value of a header that may come once.
fn only<'a>(head: &'a RequestHead, name: &str) -> Result<Option<&'a str>, Unclear> {
    let mut values = head.headers.all(name);
    match (values.next(), values.next()) {
        (first, None) => Ok(first),
        (_, Some(_)) => Err(Unclear::Repeated),
    }
}

fn split(value: &str, separator: Option<char>) -> Vec<String> {
    match separator {
        None => vec![value.trim().to_owned()],
        Some(separator) => value.split(separator).map(|name| name.trim().to_owned()).collect(),
    }
}

fn add(names: &mut Vec<String>, found: Vec<String>, prefix: &str) -> Result<(), Unclear> {
    for name in found.into_iter().filter(|name| !name.is_empty()) {
        // The host's bytes that were no text are this character by now, so that two names could look alike.
        if name.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
            return Err(Unclear::NoText);
        }
        if name.len() > limits::MAX_CALLER_NAME_BYTES {
            return Err(Unclear::TooLong);
        }
        if names.len() == limits::MAX_CALLER_NAMES {
            return Err(Unclear::TooMany);
        }
        names.push(format!("{prefix}{name}"));
    }
    Ok(())
}

/// What the developer reads. The operator reads it too, and is the only one who can repair it.
fn refusal(origin: &Origin, why: &Unclear) -> Refusal {
    let place = match origin {
        Origin::Header(name) => format!("header {name}"),
        Origin::Property(path) => format!("property {}", path.join(".")),
        Origin::Xfcc(_) => format!("header {}", xfcc::HEADER),
    };
    let place: String = place.chars().take(MAX_PLACE).collect();
    Refusal::Forbidden {
        rule: OwnReason::Caller.into(),
        reason: format!(
            "forbidden: this gateway cannot tell who asks.\n\
             What its authentication says ({place}) cannot be used: {why}.\n\
             Tell its operators; nothing is wrong with your go command."
        ),
    }
}

/// An attribute's path can be long, and a refusal has to be short.
const MAX_PLACE: usize = 160;
