//! The modules that are asked for.

use std::fs;
use std::path::Path;

use crate::module::Module;

/// The address of the measured module's files, whose go.mod has about 2 KB.
pub(in crate::bench) const LIST: &str = "/bench.example.com/module/@v/list";
pub(in crate::bench) const LATEST: &str = "/bench.example.com/module/@latest";
pub(in crate::bench) const INFO: &str = "/bench.example.com/module/@v/v1.0.0.info";
pub(in crate::bench) const GO_MOD: &str = "/bench.example.com/module/@v/v1.0.0.mod";
/// One with the same go.mod, which a rule gives to one caller alone.
pub(in crate::bench) const OF_TEAM: &str = "/bench.example.com/team/@v/v1.0.0.mod";
/// What no server has.
pub(in crate::bench) const MISSING: &str = "/bench.example.com/missing/@v/list";
/// Zips, which storage has.
pub(in crate::bench) const ZIP_200_KB: &str = "/bench.example.com/small/@v/v1.0.0.zip";
pub(in crate::bench) const ZIP_5_MB: &str = "/bench.example.com/large/@v/v1.0.0.zip";
pub(in crate::bench) const ZIP_100_MB: &str = "/bench.example.com/huge/@v/v1.0.0.zip";
/// A zip of source text that storage lacks, too large to be fetched whole.
pub(in crate::bench) const ZIP_OF_TEXT: &str = "/bench.example.com/checked/@v/v1.0.0.zip";

/// A go.mod of the size that real ones with a few dozen requirements have.
pub(in crate::bench) fn go_mod() -> String {
    let require =
        |number| format!("\tdependency-{number}.example.com/some/longer/path v1.{number}.0 // indirect\n");
    format!(
        "module bench.example.com/module\n\ngo 1.21\n\nrequire (\n{})\n",
        (10..38).map(require).collect::<String>()
    )
}

/// What never changes lies in `store`, what changes in `tree`: each where Modgate asks for it first. The peers find both in `all`.
pub(super) fn lay_out(store: &Path, tree: &Path, all: &Path) -> std::io::Result<()> {
    let module = Module::new("bench.example.com/module", "v1.0.0");
    let text = Module::new("bench.example.com/checked", "v1.0.0").file("text.go", text(2_000_000)).deflated();
    for folder in [store, tree, all] {
        fs::create_dir_all(folder)?;
        module.write_to(folder);
        fs::write(folder.join(&GO_MOD[1..]), go_mod())?;
    }
    for folder in [store, all] {
        let of_team = Module::new("bench.example.com/team", "v1.0.0");
        of_team.write_to(folder);
        fs::write(folder.join(&OF_TEAM[1..]), go_mod())?;
        for (name, length) in [("small", 200_000), ("large", 5_000_000), ("huge", 100_000_000)] {
            Module::new(&format!("bench.example.com/{name}"), "v1.0.0").padded(length).write_to(folder);
        }
    }
    let versions: String = (0..20).map(|minor| format!("v1.{minor}.0\n")).collect();
    for folder in [tree, all] {
        fs::write(folder.join(&LIST[1..]), &versions)?;
        fs::write(folder.join(&LATEST[1..]), module.info())?;
        text.write_to(folder);
    }
    Ok(())
}

/// So many bytes that deflate about as source code does, to a fourth: words out of a few thousand, by chance.
pub(in crate::bench) fn text(length: usize) -> String {
    let mut text = String::with_capacity(length + 16);
    let mut state: u64 = 1;
    while text.len() < length {
        // Knuth's MMIX; its high bits are the good ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let word = state >> 52;
        text.push_str(&format!("word{word}"));
        text.push(if state >> 40 & 7 == 0 { '\n' } else { ' ' });
    }
    text
}
