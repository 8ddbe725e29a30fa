//! What make's variables may say.

use std::ops::RangeInclusive;

/// The number that `text`, the value of variable `name`, is.
///
/// # Errors
/// Names the variable, its value and what it may be.
pub(crate) fn number(
    name: &str,
    text: Option<String>,
    default: u32,
    range: RangeInclusive<u32>,
) -> Result<u32, String> {
    let Some(text) = text else { return Ok(default) };
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("{name}={text} is not a number from {} to {}", range.start(), range.end()))
}
