//! Verdicts and hashes against those of Go's own code: `wasm-tests/golden` writes the zips.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::whole;
use crate::gomod::{ModulePath, Version};
use crate::modzip::Check;

/// A zip, and what Go makes of it.
pub(super) struct Row {
    pub(super) title: String,
    module: ModulePath,
    version: Version,
    pub(super) zip: Vec<u8>,
    h1: Option<String>,
    go_takes: bool,
    stricter: String,
}

impl Row {
    pub(super) fn begin(&self) -> Check {
        Check::new(&self.module, &self.version)
    }
}

pub(super) fn rows() -> Vec<Row> {
    type Texts = (String, String, String, String, Option<String>, bool, String);
    include_str!("../testdata/zips.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Texts>(line).unwrap())
        .map(|(title, module, version, zip, h1, go_takes, stricter)| Row {
            title,
            module: ModulePath::parse(&module).unwrap(),
            version: Version::parse(&version).unwrap(),
            zip: STANDARD.decode(zip).unwrap(),
            h1,
            go_takes,
            stricter,
        })
        .collect()
}

#[test]
fn zips_are_judged_and_hashed_as_in_go() {
    let mut faults = Vec::new();
    let rows = rows();
    assert!(rows.len() > 100, "{} rows", rows.len());
    for row in &rows {
        let Row { title, h1, go_takes, stricter, .. } = row;
        match whole(row.begin(), &row.zip) {
            Ok(checked) if !go_takes || !stricter.is_empty() => {
                faults.push(format!("{title}: {checked:?}, Go: {go_takes}, stricter: {stricter}"));
            }
            Ok(checked) if Some(checked.h1.to_string()) != *h1 => {
                faults.push(format!("{title}: {}, Go: {h1:?}", checked.h1));
            }
            Err(unfit) if *go_takes && stricter.is_empty() => {
                faults.push(format!("{title}: {unfit}, but Go takes it"));
            }
            Err(unfit) if !go_takes && !stricter.is_empty() => {
                faults.push(format!(
                    "{title}: {unfit}, and Go refuses it too, though not for that it is {stricter}"
                ));
            }
            _ => {}
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), rows.len(), faults.join("\n"));
}
