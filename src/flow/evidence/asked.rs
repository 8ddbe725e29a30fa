//! What evidence is asked for, by the query of the request.

use crate::{
    flow::explain::{malformed, query, unknown},
    goproxy::Refusal,
    policy::Caller,
};

/// How it is to be told, and as to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::flow) struct Evident {
    pub(super) caller: Caller,
    pub(super) format: Format,
}

/// The form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// JSON of our own.
    Json,
    /// A bill of materials.
    CycloneDx,
}

impl Evident {
    /// Reads the query of `path`: a `principal` for each name of a caller, and a `format`.
    pub(in crate::flow) fn read(path: &str) -> Result<Self, Refusal> {
        let (mut principals, mut format) = (Vec::new(), None);
        for (name, value) in query(path) {
            match (name, value.as_str()) {
                ("principal", _) => principals.push(value),
                ("format", "json") if format.is_none() => format = Some(Format::Json),
                ("format", "cyclonedx") if format.is_none() => format = Some(Format::CycloneDx),
                ("format", _) => return Err(malformed("format is json or cyclonedx, and is given once")),
                _ => return Err(unknown(name, "format and principal")),
            }
        }
        Ok(Self { caller: Caller::new(principals), format: format.unwrap_or(Format::Json) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_a_form_once_and_any_principals() {
        let read = |query: &str| Evident::read(&format!("/-/evidence{query}"));
        for (query, want) in [
            ("", Ok((Format::Json, vec![]))),
            ("?format=json", Ok((Format::Json, vec![]))),
            ("?format=cyclonedx&principal=team:a", Ok((Format::CycloneDx, vec!["team:a"]))),
            ("?format=spdx", Err(())),
            ("?format=", Err(())),
            ("?format=json&format=json", Err(())),
            ("?module=example.com/m", Err(())),
        ] {
            let want = want.map(|(format, names)| Evident {
                caller: Caller::new(names.into_iter().map(str::to_owned)),
                format,
            });
            assert_eq!(read(query).map_err(|_| ()), want, "{query}");
        }
    }
}
