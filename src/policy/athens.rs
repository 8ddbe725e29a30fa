//! Athens filter files.

use std::fmt;

use super::{Action, Rule};

/// A filter file as rules.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// In the order in which the first that applies decides.
    pub rules: Vec<Rule>,
    /// What a line of a sign alone says.
    pub default: Option<Action>,
    /// Lines that are read otherwise than Athens would.
    pub warnings: Vec<Warning>,
}

/// A line that is read otherwise than Athens would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning(String);

/// A line that says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(String);

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a filter file.
///
/// # Errors
/// With every line that cannot be read.
pub fn read(_text: &str) -> Result<Filter, Vec<Fault>> {
    Ok(Filter::default())
}
