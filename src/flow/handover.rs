//! A zip that one worker has another store.

use crate::{
    gomod::{ModulePath, Version},
    goproxy::Zip,
    plan::Source,
};

/// A zip that one worker has another read from an upstream, and store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// For which sources, as [`crate::shared::Index::fetch_scope`] has it: another configuration may call another upstream so.
    pub fetch_scope: u64,
    /// The zip.
    pub zip: Zip,
    /// Where it is from.
    pub source: Source,
}

impl Handover {
    /// The message.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let Zip { module, version } = &self.zip;
        postcard::to_allocvec(&(LAYOUT, self.fetch_scope, module.as_str(), version.as_str(), self.source))
            .ok()
    }

    /// Reads a message; `None` where it is another one, or another build's.
    pub fn decode(message: &[u8]) -> Option<Self> {
        let (layout, fetch_scope, module, version, source): (u8, u64, &str, &str, Source) =
            postcard::from_bytes(message).ok()?;
        if layout != LAYOUT {
            return None;
        }
        let zip = Zip { module: ModulePath::parse(module).ok()?, version: Version::parse(version).ok()? };
        Some(Self { fetch_scope, zip, source })
    }
}

/// As that of [`super::News`], none of whose layouts it may be.
const LAYOUT: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::News;

    #[test]
    fn a_handover_is_read_as_written_and_is_no_news() {
        let zip = Zip {
            module: ModulePath::parse("example.com/M").unwrap(),
            version: Version::parse("v1.0.0").unwrap(),
        };
        let handover = Handover { fetch_scope: u64::MAX, zip, source: Source::Upstream(3) };
        let message = handover.encode().unwrap();
        assert_eq!(Handover::decode(&message), Some(handover));
        assert_eq!(News::decode(&message), None);
        for end in 0..message.len() {
            assert_eq!(Handover::decode(&message[..end]), None, "cut at {end}");
        }
        assert_eq!(Handover::decode(&[&[LAYOUT + 1], &message[1..]].concat()), None);
    }
}
