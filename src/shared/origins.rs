//! Which module paths a repository has that do not begin with its own name, as `.info` files have said it (`Origin`).
//!
//! What stands here decides no answer: it says what is asked for anew when a webhook names the repository.

use super::{
    Expected, Index, Key, SharedKv,
    keyed::{Keyed, Purpose},
};

/// What is known of the repository called `name`: paths below which it has modules.
pub fn roots_of(kv: &dyn SharedKv, index: &Index, name: &str) -> Vec<String> {
    let read = kv.get(&slot(index.keyed(), name));
    let text = read.and_then(|read| String::from_utf8(read.value).ok()).unwrap_or_default();
    lines(&text).filter(|(repository, _)| *repository == name).map(|(_, root)| root.to_owned()).collect()
}

/// Remembers that the repository called `name` has modules at `root` and below. Nothing is written where that is known.
pub fn note_root(kv: &mut dyn SharedKv, index: &Index, name: &str, root: &str) {
    let slot = slot(index.keyed(), name);
    let read = kv.get(&slot);
    let text = read.as_ref().and_then(|read| String::from_utf8(read.value.clone()).ok()).unwrap_or_default();
    if lines(&text).any(|line| line == (name, root)) {
        return;
    }
    let mut written = format!("{name} {root}\n");
    for (repository, root) in lines(&text) {
        let line = format!("{repository} {root}\n");
        if written.len().saturating_add(line.len()) <= MOST_BYTES {
            written.push_str(&line);
        }
    }
    // Where another worker was faster, the next `.info` says it again.
    let is_short = written.len() <= MOST_BYTES;
    let _ = is_short.then(|| kv.put(&slot, written.as_bytes(), Expected::unchanged(read.as_ref())));
}

fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| line.split_once(' '))
}

/// The hash is keyed: a publisher chooses what its repository is called, and could drive another's out.
fn slot(keyed: Keyed, name: &str) -> String {
    let [hash, _] = keyed.hash(Purpose::Origin, Key { sources: 0, path: name }, 0);
    format!("modgate/origins/{}", hash % SLOTS)
}

/// Slots, and bytes of each: a MiB in all, for some ten thousand repositories. A usual line has 60 bytes.
const SLOTS: u64 = 512;

/// As [`SLOTS`]. What was written first is forgotten first.
const MOST_BYTES: usize = 2 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Config,
        shared::{Memory, Seat},
    };

    #[test]
    fn a_repository_has_the_roots_that_were_noted_and_memory_is_bounded() {
        let config = Config::parse(r#"{"upstreams":[{"cluster":"c","url":"http://h"}]}"#).unwrap();
        let index = Index::new(&config, Seat::default());
        let mut memory = Memory::default();
        note_root(&mut memory, &index, "github.com/go-yaml/yaml", "gopkg.in/yaml.v3");
        note_root(&mut memory, &index, "github.com/go-yaml/yaml", "gopkg.in/yaml.v2");
        note_root(&mut memory, &index, "github.com/go-yaml/yaml", "gopkg.in/yaml.v3");
        let roots = roots_of(&memory, &index, "github.com/go-yaml/yaml");
        assert_eq!(roots, ["gopkg.in/yaml.v2", "gopkg.in/yaml.v3"]);
        assert!(roots_of(&memory, &index, "github.com/go-yaml").is_empty());
        for n in 0..20_000 {
            note_root(&mut memory, &index, &format!("h.example/{n}"), &format!("go.example/{n}"));
        }
        note_root(&mut memory, &index, "h.example/long", &"x".repeat(MOST_BYTES));
        assert!(roots_of(&memory, &index, "h.example/long").is_empty());
        assert_eq!(roots_of(&memory, &index, "h.example/19999"), ["go.example/19999"]);
        assert!(memory.keys().len() <= 512);
        for name in memory.keys() {
            assert!(memory.get(name).unwrap().value.len() <= MOST_BYTES);
        }
    }
}
