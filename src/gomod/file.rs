//! The paths of a module's files, as they stand in its zip below `module@version/`.

use super::element::{self, ElementFault, Kind};

/// Why a text is not the path of a file. The message says what is wrong with it on one bounded line, not which it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct InvalidFilePath(#[from] ElementFault);

/// Checks the path of a file in a module, which is relative, clean, and possible on every system that Go runs on.
/// Semantics of module.CheckFilePath.
///
/// # Errors
/// Where Go would refuse the path.
pub fn check_file_path(path: &str) -> Result<(), InvalidFilePath> {
    // What Go asks of the whole path beforehand (not empty, no two slashes in a row, none at the end) is that no
    // element is empty.
    path.split('/').try_for_each(|element| element::check(element, Kind::File))?;
    Ok(())
}
