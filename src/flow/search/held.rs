//! What a source gave, until it is believed.

use std::fmt;

use crate::{
    flow::Sums,
    goproxy::{Failure, Found, Zip},
    http::Body,
    modzip::{Check, H1},
    plan::Source,
};

/// What a source gave.
#[derive(Debug)]
pub(super) enum Held {
    /// A go.mod.
    Document { source: Source, found: Found },
    /// A zip, whole.
    Zip { source: Source, bytes: Body, examined: Examined },
}

/// How far a zip was read.
pub(super) enum Examined {
    /// Up to here.
    UpTo(usize, Box<Check>),
    /// To its end: it is right in itself, and hashes to this.
    Whole(H1),
    /// To where it is not what it should be.
    Wrong,
}

impl fmt::Debug for Examined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpTo(at, _) => write!(f, "up to {at}"),
            Self::Whole(h1) => write!(f, "{h1}"),
            Self::Wrong => f.write_str("wrong"),
        }
    }
}

/// How what is held compares to its sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Weighed {
    /// It is right.
    Good,
    /// Nothing says so.
    Unproven { acceptable: bool, failure: Failure },
    /// It is not; why.
    Wrong(String),
}

impl Held {
    pub(super) fn zip(source: Source, zip: &Zip, bytes: Body) -> Self {
        let check = Box::new(Check::new(&zip.module, &zip.version));
        Self::Zip { source, bytes, examined: Examined::UpTo(0, check) }
    }

    pub(super) fn source(&self) -> Source {
        match self {
            Self::Document { source, .. } | Self::Zip { source, .. } => *source,
        }
    }

    /// Reads on for a few milliseconds; whether it is read to its end. Else what is wrong with it.
    pub(super) fn work(&mut self) -> Result<bool, String> {
        let Self::Zip { bytes, examined, .. } = self else { return Ok(true) };
        let Examined::UpTo(at, mut check) = std::mem::replace(examined, Examined::Wrong) else {
            return Ok(true);
        };
        let rest = bytes.get(at..).unwrap_or_default();
        let at = at + check.push(rest, SLICE).map_err(|unfit| unfit.to_string())?;
        if at < bytes.len() || check.has_more_work() {
            *examined = Examined::UpTo(at, check);
            return Ok(false);
        }
        *examined = Examined::Whole(check.finish().map_err(|unfit| unfit.to_string())?.h1);
        Ok(true)
    }

    pub(super) fn weigh(&self, sums: &Sums) -> Weighed {
        let (zip, go_mod) = match sums {
            Sums::Exempt => return Weighed::Good,
            Sums::Proven { zip, go_mod } => (zip, go_mod),
            Sums::Unproven { failure, acceptable } => {
                return Weighed::Unproven { acceptable: *acceptable, failure: failure.clone() };
            }
        };
        let (got, expected) = match self {
            Self::Document { found, .. } => (H1::of_go_mod(&found.body), go_mod),
            Self::Zip { examined: Examined::Whole(h1), .. } => (*h1, zip),
            Self::Zip { .. } => return Weighed::Wrong("it was not read to its end".to_owned()),
        };
        let expected = H1(*expected);
        if got == expected {
            return Weighed::Good;
        }
        Weighed::Wrong(format!("the checksum database says {expected}, and it has {got}"))
    }
}

/// Bytes of content unpacked and hashed in one go, about 4 ms (140 MB/s in V8).
const SLICE: usize = 512 << 10;
