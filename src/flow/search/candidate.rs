//! What a source gave, until it is believed.

use std::fmt;

use crate::{
    flow::{SLICE, Sums, Verified, VerifyError},
    goproxy::{Found, Zip},
    http::Body,
    license::Licenses,
    modzip::{Checked, Unfit, WholeCheck},
    plan::Source,
};

/// What a source gave.
#[derive(Debug)]
pub(super) enum Candidate {
    /// A go.mod.
    Document {
        source: Source,
        found: Found,
        /// Whether nothing but a proof shows that it is whole.
        may_be_cut: bool,
    },
    /// A zip, whole.
    Zip {
        source: Source,
        bytes: Body,
        examined: Examined,
        /// Whether it needs no proof, and is read for something else.
        is_believed: bool,
    },
}

/// How far a zip was read.
pub(super) enum Examined {
    /// Not to its end.
    InPart(Box<WholeCheck>),
    /// To its end: it is right in itself, and holds this.
    Whole(Checked),
    /// To where it is not what it should be.
    Wrong,
}

impl fmt::Debug for Examined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InPart(_) => f.write_str("in part"),
            Self::Whole(checked) => write!(f, "{}", checked.h1),
            Self::Wrong => f.write_str("wrong"),
        }
    }
}

impl Candidate {
    pub(super) fn zip(source: Source, zip: &Zip, bytes: Body, reads_licenses: bool) -> Self {
        let mut check = Box::new(WholeCheck::new(&zip.module, &zip.version));
        check.read_licenses(reads_licenses);
        Self::Zip { source, bytes, examined: Examined::InPart(check), is_believed: false }
    }

    /// The same; whether it needs no proof.
    pub(super) fn believed(mut self, believed: bool) -> Self {
        if let Self::Zip { is_believed, .. } = &mut self {
            *is_believed = believed;
        }
        self
    }

    /// Whether it needs no proof.
    pub(super) fn is_believed(&self) -> bool {
        matches!(self, Self::Zip { is_believed: true, .. })
    }

    pub(super) fn source(&self) -> Source {
        match self {
            Self::Document { source, .. } | Self::Zip { source, .. } => *source,
        }
    }

    /// What the zip holds that it is, once it is read to its end.
    pub(super) fn holds(&self) -> Option<&Checked> {
        match self {
            Self::Zip { examined: Examined::Whole(checked), .. } => Some(checked),
            Self::Document { .. } | Self::Zip { .. } => None,
        }
    }

    /// Whether nothing but a proof shows that it is whole.
    pub(super) fn may_be_cut(&self) -> bool {
        matches!(self, Self::Document { may_be_cut: true, .. })
    }

    /// What licences the files of a zip say, once it was read for that.
    pub(super) fn licenses(&self) -> Option<Licenses> {
        self.holds()?.licenses.clone()
    }

    /// Reads on for a few milliseconds; whether it is read to its end. Else what is wrong with it.
    pub(super) fn work(&mut self) -> Result<bool, Unfit> {
        let Self::Zip { bytes, examined, .. } = self else { return Ok(true) };
        let Examined::InPart(mut check) = std::mem::replace(examined, Examined::Wrong) else {
            return Ok(true);
        };
        *examined = match check.work(bytes, SLICE)? {
            None => Examined::InPart(check),
            Some(checked) => Examined::Whole(checked),
        };
        Ok(matches!(examined, Examined::Whole(_)))
    }

    /// What its sums prove of it, once it is read to its end; else why it must not be given.
    pub(super) fn weigh(&self, sums: &Sums) -> Option<Result<Verified, VerifyError>> {
        match self {
            Self::Document { found, .. } => Some(sums.prove_go_mod(&found.body)),
            Self::Zip { examined: Examined::Whole(checked), .. } => Some(sums.prove(&checked.h1)),
            Self::Zip { .. } => None,
        }
    }
}
