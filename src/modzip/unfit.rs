//! What can be wrong with a module zip.

use std::fmt::{self, Display, Formatter};

use crate::gomod::{InvalidFilePath, Quoted};

/// Why a zip is none that a module may have. The message is one bounded line: what is wrong, in which entry, and at
/// which byte of the zip the record begins that shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    at: u64,
    entry: Option<Box<str>>,
    fault: Fault,
}

impl Unfit {
    pub(super) fn new(fault: Fault, at: u64, entry: Option<&str>) -> Self {
        Self { at, entry: entry.map(Box::from), fault }
    }

    /// What is wrong.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Whether it is no zip at all, or the beginning of one: what an error page or an answer that was cut is.
    pub fn is_no_zip(&self) -> bool {
        self.is_truncated() || self.fault == Fault::Record && self.at == 0
    }

    /// Whether nothing is wrong but that the end is missing: the transfer broke off, and another may succeed.
    pub fn is_truncated(&self) -> bool {
        self.fault == Fault::Truncated
    }
}

impl std::error::Error for Unfit {}

impl Display for Unfit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "unfit module zip: {}", self.fault)?;
        if let Some(entry) = &self.entry {
            write!(f, ", in {}", Quoted(entry))?;
        }
        write!(f, " (at byte {})", self.at)
    }
}

/// What is wrong with a zip.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Two names differ in case alone; the field is the other one.
    #[error("its name and {} differ in case alone", Quoted(.0))]
    Case(Box<str>),
    /// A comment holds what Go takes for the end of the zip.
    #[error("a second end of the zip is hidden in its comment")]
    Comment,
    /// The inflated or stored bytes have another CRC-32 than the headers say.
    #[error("the content does not have the CRC-32 that is stated")]
    Crc,
    /// The deflated bytes are not what deflate produces.
    #[error("the content is not deflated data")]
    Deflate,
    /// The central directory tells otherwise than what went by; the field says of what.
    #[error("the central directory has another {0} than the file itself")]
    Differs(&'static str),
    /// The records at the end state another number, size or place than what they describe has.
    #[error("the end states another {0} than is there")]
    End(&'static str),
    /// An entry whose name ends in a slash has content.
    #[error("a folder has content")]
    FolderWithContent,
    /// The name is that of a file and of a folder.
    #[error("the name is that of a file and of a folder, see {}", Quoted(.0))]
    FileAndFolder(Box<str>),
    /// A go.mod is not at the root, or not in small letters.
    #[error("a go.mod is at the root and in small letters, or is not at all")]
    GoMod,
    /// A compression method other than stored and deflated.
    #[error("the compression method {0} is neither stored nor deflated")]
    Method(u16),
    /// The part of the name below the prefix is no path of a file in a module.
    #[error("{0}")]
    Name(InvalidFilePath),
    /// The name is longer than any file system takes.
    #[error("the name is longer than {} bytes", super::MAX_NAME)]
    NameLength,
    /// The names together are too long to be held.
    #[error("the names of all files are longer than {} bytes", super::MAX_NAMES)]
    Names,
    /// The name is not in UTF-8.
    #[error("the name is not UTF-8")]
    NotUtf8,
    /// Files share their bytes, so that there would be more to unpack than there is.
    #[error("files share their bytes")]
    Overlap,
    /// No file is where the directory says that one is.
    #[error("the directory tells of a file where none is")]
    Place,
    /// The name does not begin with `module@version/`.
    #[error("the name does not begin with the module and its version")]
    Prefix,
    /// Something else than the record that has to stand here.
    #[error("something stands where a record has to begin")]
    Record,
    /// The content has another size, deflated or not, than is stated.
    #[error("the content does not have the {0} that is stated")]
    Size(&'static str),
    /// Too many bytes: of one file or of all together.
    #[error("more than {0} bytes of content")]
    TooLarge(u64),
    /// More entries than can be held.
    #[error("more than {} entries", super::MAX_ENTRIES)]
    TooMany,
    /// Bytes after the end.
    #[error("bytes follow its end")]
    Trailing,
    /// The end is missing.
    #[error("it breaks off")]
    Truncated,
    /// Two entries of one name.
    #[error("the name occurs twice")]
    Twice,
    /// Numbers of 64 bits are announced and not given.
    #[error("a zip64 record is missing, or is malformed")]
    Zip64,
    /// The zip itself is larger than the go command takes.
    #[error("the zip is larger than {} bytes", super::MAX_ZIP)]
    ZipTooLarge,
}
