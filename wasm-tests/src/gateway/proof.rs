//! The proof that a gateway works: the go command downloads a module through it.

use std::fs;

use super::{Settings, say};
use crate::go::Go;
use crate::tree::Tree;

/// Downloads `PROOF_MODULE`, or a sample module, into an empty module cache and prints what came.
pub(super) fn prove(settings: &Settings, sample: Option<&Tree>) -> Result<(), String> {
    let Some(query) = module(settings, sample)? else {
        say("No proof: UPSTREAM is set, so name a module it has in PROOF_MODULE=module@version.");
        return Ok(());
    };
    // Without SUMDB nothing is asked of any checksum database, so that the proof needs no network but the gateway's.
    let sumdb = settings.sumdb.as_ref().map_or("off", |sumdb| sumdb.key.as_str());
    let run = Go::new_in(&settings.run_dir, &settings.url()).env("GOSUMDB", sumdb).mod_download(&[&query]);
    if !run.ok() {
        return Err(format!("go mod download {query} failed:\n{}{}", run.stdout, run.stderr));
    }
    let answer = run.json();
    let field = |name: &str| answer[name].as_str().unwrap_or_default();
    say(&format!("Proof: go mod download {query} in an empty module cache, {} ms:", run.took.as_millis()));
    say(&format!("  {}@{}  {}", field("Path"), field("Version"), field("Sum")));
    Ok(())
}

fn module(settings: &Settings, sample: Option<&Tree>) -> Result<Option<String>, String> {
    if let Some(query) = &settings.proof_module {
        return Ok(Some(query.clone()));
    }
    let Some(tree) = sample else { return Ok(None) };
    let smallest = tree
        .entries()
        .into_iter()
        .min_by_key(|entry| fs::metadata(tree.zip(entry)).map_or(u64::MAX, |meta| meta.len()));
    let smallest = smallest.ok_or_else(|| format!("{} has no module", tree.path().display()))?;
    Ok(Some(smallest.query()))
}
