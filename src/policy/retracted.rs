//! What a developer reads who is refused a version because its author has retracted it.

use super::reason::{FEED, MAX_BYTES, MAX_COMMAND, cut, shown, subject};
use crate::gomod::{ModulePath, Version};

/// The text of such a refusal: at most 3 lines and, with a line feed after the last, 648 bytes. The go.mod of the version `by` says that
/// `version` is retracted, and `rationale` why.
pub fn retracted_reason(module: &ModulePath, version: &Version, by: &Version, rationale: &str) -> String {
    let what = subject(module, Some(version));
    let first = format!("forbidden: {what} is retracted by its author, and policy.retracted denies that.");
    let latest = match module.as_str() {
        module if module.len() <= MAX_COMMAND => format!(" (go get {module}@latest finds one)"),
        _ => String::new(),
    };
    let todo = format!("What to do: use another version{latest}, or ask this proxy's operators to allow it.");
    let says = format!("The go.mod of {} says so", subject(module, Some(by)));
    let taken = [&first, &todo, &says].map(|line| line.len().saturating_add(FEED)).iter().sum();
    let room = MAX_BYTES.saturating_sub(taken).saturating_sub(": ".len());
    let second = match shown(rationale) {
        why if why.is_empty() => format!("{says}, and not why."),
        why => format!("{says}: {}", cut(&why, room)),
    };
    [first, second, todo].join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{module, version};
    use super::*;

    #[test]
    fn it_says_who_says_so_and_what_to_do() {
        let text = |why| retracted_reason(&module("a.b/m"), &version("v1.2.0"), &version("v1.3.0"), why);
        assert_eq!(
            text("leaks\n tokens\u{7}"),
            "forbidden: a.b/m@v1.2.0 is retracted by its author, and policy.retracted denies that.\n\
             The go.mod of a.b/m@v1.3.0 says so: leaks tokens\n\
             What to do: use another version (go get a.b/m@latest finds one), or ask this proxy's operators to allow it."
        );
        assert!(text("").contains("a.b/m@v1.3.0 says so, and not why."));
    }

    #[test]
    fn the_go_command_shows_the_longest() {
        let long = format!("a.b/{}", "m".repeat(400));
        let pseudo = "v1.2.3-a.0.20200101000000-0123456789ab";
        for module_path in ["a.b/m", &long] {
            let text =
                retracted_reason(&module(module_path), &version(pseudo), &version(pseudo), &"é".repeat(5000));
            assert!(text.len() < 648 && text.lines().count() == 3, "{} bytes: {text}", text.len());
            assert!(text.contains("ééé") && text.contains("What to do: "), "{text}");
        }
    }
}
