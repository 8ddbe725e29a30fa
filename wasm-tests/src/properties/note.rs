//! Signed notes: nothing is a tree head but what the database's key has signed.
//!
//! Input: the note.

use modgate::sumdb::{Key, SignedHead};

/// What signed the seeds, and the golden tables: its seed is 32 times the letter k.
pub(super) const KEY: &str = "sum.test+2eafb752+AYMgpRl32MOMqKSSfGcN9YIeRJdhlF4V6e+yahUJ0jDq";

/// What it has signed, all told: mutations and fuzzers sign nothing.
const SIGNED: [&str; 4] = [
    include_str!("../../../fuzz/seeds/note/small"),
    include_str!("../../../fuzz/seeds/note/large"),
    include_str!("../../../fuzz/seeds/note/extended"),
    include_str!("../../../fuzz/seeds/note/largest_tree"),
];

/// No bytes panic, none is a head that was not signed, and a head is read again from its own note.
pub fn check(input: &[u8]) {
    let key = Key::parse(KEY).unwrap();
    let Ok(head) = SignedHead::open(input, &key) else { return };
    assert_eq!(SignedHead::open(head.note(), &key).as_ref(), Ok(&head));
    let note = head.to_string();
    let (text, _) = note.rsplit_once("\n\n").unwrap();
    assert!(input.starts_with(text.as_bytes()));
    assert!(SIGNED.iter().any(|signed| *signed == note), "{note}");
    assert!(i64::try_from(head.size()).is_ok());
}
