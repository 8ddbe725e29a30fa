//! As much of Markdown as the documents here are made of: fenced blocks, code spans, links and headings.

use std::collections::BTreeSet;

/// What of a page makes claims, each with the number of its line.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) code: Vec<(usize, String)>,
    pub(crate) fences: Vec<Fence>,
    pub(crate) links: Vec<(usize, String)>,
    /// What a link to each heading has behind its `#`.
    pub(crate) anchors: BTreeSet<String>,
}

/// A fenced block.
pub(crate) struct Fence {
    /// Where it begins.
    pub(crate) line: usize,
    /// What follows the backticks.
    pub(crate) info: String,
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut prose = String::new();
        let mut open: Option<Fence> = None;
        for (n, line) in text.lines().enumerate() {
            let mark = line.trim_start().strip_prefix("```");
            // Fenced lines stay as empty ones, so that what follows keeps its number.
            prose.push('\n');
            match (&mut open, mark) {
                (None, Some(info)) if !info.contains('`') => {
                    open = Some(Fence { line: n + 1, info: info.trim().to_owned(), text: String::new() });
                }
                (Some(_), Some("")) => page.fences.extend(open.take()),
                (Some(fence), _) => {
                    fence.text.push_str(line);
                    fence.text.push('\n');
                }
                (None, _) => {
                    page.anchors.extend(line.strip_prefix('#').map(anchor));
                    prose.push_str(line);
                }
            }
        }
        assert!(open.is_none(), "a fenced block is not closed: {:?}", open.map(|fence| fence.line));
        page.read_prose(&prose);
        page
    }

    /// A code span ends with as many backticks as it begins with. Links within one are none.
    fn read_prose(&mut self, prose: &str) {
        let mut rest = prose;
        let mut line = 0;
        while let Some(start) = rest.find('`') {
            self.read_links(&rest[..start], line);
            line += newlines(&rest[..start]);
            let ticks = rest[start..].len() - rest[start..].trim_start_matches('`').len();
            let (mark, inner) = rest[start..].split_at(ticks);
            let Some(end) = inner.find(mark) else {
                rest = inner;
                continue;
            };
            let words: Vec<&str> = inner[..end].split_whitespace().collect();
            self.code.push((line, words.join(" ")));
            line += newlines(&inner[..end]);
            rest = &inner[end + ticks..];
        }
        self.read_links(rest, line);
    }

    fn read_links(&mut self, prose: &str, line: usize) {
        for (at, _) in prose.match_indices("](") {
            if let Some((link, _)) = prose[at + 2..].split_once(')') {
                self.links.push((line + newlines(&prose[..at]), link.trim().to_owned()));
            }
        }
    }
}

/// The anchor of a heading, as GitHub makes it of the text: letters, digits and hyphens, lower case, a hyphen for each blank.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}
