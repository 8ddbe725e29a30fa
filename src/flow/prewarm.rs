//! Module versions that are fetched, verified and stored before a client asks for them, and which of them storage lacks.
//!
//! What a client posts is read (`prewarm/body.rs`), and becomes wishes: versions, and which files of each. A file that is wished for is asked for
//! as a client would ask for it (`prewarm/errand.rs`): by the same policy, from the same sources, verified and stored alike. How that goes is shown
//! on a page (`prewarm/page.rs`). The worker says what is asked when.

mod appeared;
mod body;
mod errand;
mod page;

pub use self::appeared::appeared;
use self::body::Body;
pub use self::body::read_body;
pub use self::errand::{Came, came, errand};
pub(super) use self::page::progress;
pub use self::page::{begun, lacked, lacking, too_many_orders};
use super::{caller::caller, receiving::malformed};
use crate::{
    config::Config,
    gomod::{ModulePath, Version},
    goproxy::{Document, File, Refusal, Zip},
    http::RequestHead,
    plan::Want,
    policy::Caller,
};

/// What a client asks for with a build that it posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderKind {
    /// It is told which files storage lacks.
    Missing,
    /// They are fetched.
    Prewarm,
}

/// A build that a client posts, before it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderHead {
    kind: OrderKind,
    caller: Caller,
    format: Option<Format>,
}

/// A build that a client has posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What is to be done with it.
    pub kind: OrderKind,
    /// Who posted it: as to this caller the policy decides.
    pub caller: Caller,
    body: Body,
}

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The requirements of a main module.
    GoMod,
    /// Module versions and hashes of their files.
    GoSum,
    /// A module version in each line.
    List,
}

/// What a body names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Build {
    /// Versions, each once.
    pub wishes: Vec<Wish>,
    /// What of it is not fetched, and why.
    pub passed_over: Option<String>,
}

/// A version of which files are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The module.
    pub module: ModulePath,
    /// The version.
    pub version: Version,
    /// Which.
    pub files: Files,
}

/// Which files of a version are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// Its go.mod alone: a build reads it to choose versions, and has none of its code.
    GoMod,
    /// All three.
    Whole,
}

impl Wish {
    /// The files in the order in which they are asked for: the first says when the version was published.
    pub fn wants(&self) -> Vec<Want> {
        let document = |file| Want::Document(Document::Module { module: self.module.clone(), file });
        let go_mod = document(File::Mod(self.version.clone()));
        match self.files {
            Files::GoMod => vec![go_mod],
            Files::Whole => {
                let zip = Zip { module: self.module.clone(), version: self.version.clone() };
                vec![document(File::Info(self.version.clone())), go_mod, Want::Zip(zip)]
            }
        }
    }
}

impl OrderHead {
    /// The build that follows `head`.
    pub(super) fn begin(kind: OrderKind, head: &RequestHead, config: &Config) -> Result<Self, Refusal> {
        let mut format = None;
        for (name, value) in super::explain::query(&head.path) {
            if name != "format" || format.is_some() {
                return Err(super::explain::unknown(name, "format, once"));
            }
            format = Some(match value.as_str() {
                "go.mod" => Format::GoMod,
                "go.sum" => Format::GoSum,
                "list" => Format::List,
                _ => return Err(super::explain::malformed("format is go.mod, go.sum or list")),
            });
        }
        Ok(Self { kind, caller: caller(head, &config.callers)?, format })
    }

    /// It has come.
    pub(super) fn end(self, body: Vec<u8>) -> Result<Order, Refusal> {
        let text = String::from_utf8(body).map_err(|_| malformed("it is no text"))?;
        Ok(Order { kind: self.kind, caller: self.caller, body: Body::new(text, self.format) })
    }
}

impl Order {
    /// Reads some more of it; all that is wished for, once it was read to its end.
    ///
    /// # Errors
    /// With the refusal of a body that names no versions.
    pub fn read(&mut self) -> Result<Option<Build>, Refusal> {
        self.body.read()
    }
}
