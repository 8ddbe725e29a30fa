//! Who was started by whom, from `/proc`.

use std::fs;

/// The processes that `pid` has started, and those that they have.
#[must_use]
pub fn descendants(pid: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> =
        fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(pair).collect();
    let mut found = vec![pid];
    let mut next = 0;
    while next < found.len() {
        let parent = found[next];
        found.extend(parents.iter().filter(|(_, known)| *known == parent).map(|(child, _)| *child));
        next += 1;
    }
    found.split_off(1)
}

/// Whether `pid` runs: it exists and is not merely waiting to be reaped.
#[must_use]
pub fn runs(pid: u32) -> bool {
    fields(pid).is_some_and(|fields| !fields.starts_with(['Z', 'X']))
}

#[allow(clippy::needless_pass_by_value, reason = "the iterator gives it away")]
fn pair(entry: fs::DirEntry) -> Option<(u32, u32)> {
    let pid = entry.file_name().to_str()?.parse().ok()?;
    Some((pid, fields(pid)?.split_whitespace().nth(1)?.parse().ok()?))
}

/// State, parent and so on: what follows the name in parentheses.
fn fields(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ").map(|(_, fields)| fields.to_owned())
}
