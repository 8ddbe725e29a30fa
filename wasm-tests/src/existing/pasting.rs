//! The same as text: `after.yaml` is made of the lines of `before.yaml` and those of `envoy/filter.yaml`, comments and all.

use std::fs;

use crate::bootstrap::shared::MODULES_HOST;
use crate::tools;

/// `before.yaml` with the parts of `envoy/filter.yaml` where their keys say.
///
/// # Panics
/// When one of the two has no such place.
#[must_use]
pub fn pasted() -> String {
    let (before, filter) = (read("examples/existing-gateway/before.yaml"), read("envoy/filter.yaml"));
    let part = |key: &str| part(&filter, key);
    let mut host = vec![
        "# Where modules are served.".to_owned(),
        "- name: goproxy".to_owned(),
        format!("  domains: [{MODULES_HOST}]"),
    ];
    host.extend(indented(&part("virtual_host"), 2));
    host.push("  routes:".to_owned());
    host.extend(items(&part("route"), 4));
    host.extend(items(&part("last_route"), 4));
    let mut tags = vec!["stats_config:".to_owned(), "  stats_tags:".to_owned()];
    tags.extend(indented(&part("stats_tags"), 4));
    tags.push(String::new());

    let mut lines: Vec<String> = before.lines().map(str::to_owned).collect();
    insert(&mut lines, "static_resources:", &tags);
    insert(&mut lines, "- name: envoy.filters.http.router", &items(&part("http_filter"), 0));
    // The last of the virtual hosts ends where the clusters begin.
    let at = lines.iter().position(|line| line == "  clusters:").expect("clusters") - 1;
    let like = lines.iter().find(|line| line.trim() == "- name: api").expect("the last virtual host");
    let host = indented(&host, like.len() - like.trim_start().len());
    lines.splice(at..at, host);
    lines.extend(indented(&part("clusters"), 4));
    lines.join("\n") + "\n"
}

/// Before the line that says `what`, as far from the margin as that.
fn insert(lines: &mut Vec<String>, what: &str, block: &[String]) {
    let at = lines.iter().position(|line| line.trim() == what).unwrap_or_else(|| panic!("no line {what}"));
    let margin = lines[at].len() - lines[at].trim_start().len();
    lines.splice(at..at, indented(block, margin));
}

/// The lines below a key of the first level, with no margin.
fn part(text: &str, key: &str) -> Vec<String> {
    let mut lines = text.lines().skip_while(|line| *line != format!("{key}:"));
    assert!(lines.next().is_some(), "filter.yaml has no {key}");
    // Until the next key, or the comment above it.
    let own = lines.take_while(|line| line.is_empty() || line.starts_with(' '));
    let mut own: Vec<String> = own.map(|line| line.strip_prefix("  ").unwrap_or(line).to_owned()).collect();
    while own.last().is_some_and(String::is_empty) {
        own.pop();
    }
    own
}

/// A mapping as an item of a list.
fn items(mapping: &[String], margin: usize) -> Vec<String> {
    let mut lines = indented(mapping, margin + 2);
    lines[0].replace_range(margin..=margin, "-");
    lines
}

fn indented(lines: &[String], margin: usize) -> Vec<String> {
    let by = " ".repeat(margin);
    lines.iter().map(|line| if line.is_empty() { String::new() } else { format!("{by}{line}") }).collect()
}

fn read(file: &str) -> String {
    fs::read_to_string(tools::repository().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::env;

    const AFTER: &str = "examples/existing-gateway/after.yaml";

    /// `make docs` writes it.
    #[test]
    fn the_gateway_after_is_the_one_before_with_the_parts_pasted() {
        let pasted = pasted();
        if env::var_os("UPDATE_REFERENCE").is_some() {
            fs::write(tools::repository().join(AFTER), &pasted).expect("the file can be written");
        }
        assert!(read(AFTER) == pasted, "{AFTER} is stale: make docs");
        // The lines of before, in their order, with others between.
        let mut after = pasted.lines();
        for line in read("examples/existing-gateway/before.yaml").lines() {
            assert!(after.any(|other| other == line), "{line:?} is not there any more");
        }
    }

    /// What is pasted as text says what is pasted as data.
    #[test]
    fn the_text_says_what_the_data_says() {
        let text: Value = serde_saphyr::from_str(&pasted()).expect("YAML");
        assert!(text == *super::super::pasted().value(), "{text}");
    }
}
