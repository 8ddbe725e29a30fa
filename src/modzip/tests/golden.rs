//! Verdicts and hashes against those of Go's own code: `wasm-tests/golden` writes the zips.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{AMPLE, at_once, whole};
use crate::gomod::{ModulePath, Version};
use crate::modzip::{Check, Checked, Unfit, WholeCheck};

/// A zip, and what Go makes of it.
pub(super) struct Row {
    pub(super) title: String,
    module: ModulePath,
    version: Version,
    pub(super) zip: Vec<u8>,
    h1: Option<String>,
    go_takes: bool,
    /// Why it is refused though Go takes it.
    stricter: String,
    /// Why it is refused where it passes by.
    passing: String,
}

impl Row {
    pub(super) fn begin(&self) -> Check {
        Check::new(&self.module, &self.version)
    }

    pub(super) fn begin_whole(&self) -> WholeCheck {
        WholeCheck::new(&self.module, &self.version)
    }
}

pub(super) fn rows() -> Vec<Row> {
    type Texts = (String, String, String, String, Option<String>, bool, String, String);
    include_str!("../testdata/zips.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Texts>(line).unwrap())
        .map(|(title, module, version, zip, h1, go_takes, stricter, passing)| Row {
            title,
            module: ModulePath::parse(&module).unwrap(),
            version: Version::parse(&version).unwrap(),
            zip: STANDARD.decode(zip).unwrap(),
            h1,
            go_takes,
            stricter,
            passing,
        })
        .collect()
}

/// What is wrong with a verdict, where Go's is another and no reason is given.
fn fault(row: &Row, verdict: Result<Checked, Unfit>, stricter: &str) -> Option<String> {
    let Row { title, h1, go_takes, .. } = row;
    match verdict {
        Ok(checked) if !go_takes || !stricter.is_empty() => {
            Some(format!("{title}: {checked:?}, Go: {go_takes}, stricter: {stricter}"))
        }
        Ok(checked) if Some(checked.h1.to_string()) != *h1 => {
            Some(format!("{title}: {}, Go: {h1:?}", checked.h1))
        }
        Err(unfit) if *go_takes && stricter.is_empty() => Some(format!("{title}: {unfit}, but Go takes it")),
        Err(unfit) if !go_takes && !stricter.is_empty() => {
            Some(format!("{title}: {unfit}, and Go refuses it too, though not for that it is {stricter}"))
        }
        _ => None,
    }
}

#[test]
fn zips_are_judged_and_hashed_as_in_go() {
    let mut faults = Vec::new();
    let rows = rows();
    assert!(rows.len() > 170, "{} rows", rows.len());
    for row in &rows {
        let whole_verdict = at_once(row.begin_whole(), &row.zip, || AMPLE);
        faults.extend(fault(row, whole_verdict, &row.stricter).map(|fault| format!("whole: {fault}")));
        let stricter = if row.stricter.is_empty() { &row.passing } else { &row.stricter };
        faults.extend(fault(row, whole(row.begin(), &row.zip), stricter));
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), rows.len(), faults.join("\n"));
}

/// `docs/stricter.md` tells whoever runs a gateway of each reason.
#[test]
fn what_is_stricter_is_written_down() {
    let document = include_str!("../../../docs/stricter.md");
    for Row { title, stricter, passing, .. } in rows() {
        for reason in [stricter, passing] {
            assert!(document.contains(&reason), "{title}: {reason}");
        }
    }
}
