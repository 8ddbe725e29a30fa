//! The globs for one element, and which of them may match a text.

use crate::gomod::Glob;

/// Globs, each with the node it leads to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Globs {
    /// By what they begin with.
    heads: Vec<Edge>,
    /// By what they end with, read backwards: those that begin with nothing in particular.
    tails: Vec<Edge>,
}

#[derive(Clone, Debug, PartialEq)]
struct Edge {
    key: Box<[u8]>,
    glob: Glob,
    node: usize,
}

impl Globs {
    /// Adds a glob that is not in it.
    pub(super) fn push(&mut self, glob: Glob, node: usize) {
        let (edges, key) = match glob.head() {
            "" => (&mut self.tails, glob.tail().bytes().rev().collect()),
            head => (&mut self.heads, head.as_bytes().into()),
        };
        edges.push(Edge { key, glob, node });
    }

    /// To be called after the last one was added.
    pub(super) fn finish(&mut self) {
        for edges in [&mut self.heads, &mut self.tails] {
            edges.sort_by(|a, b| a.key.cmp(&b.key));
            edges.shrink_to_fit();
        }
    }

    /// Appends the nodes to which the globs lead that match an element.
    pub(super) fn follow(&self, element: &str, next: &mut Vec<usize>, tried: &mut usize) {
        if !self.heads.is_empty() {
            follow(&self.heads, element.as_bytes(), element, next, tried);
        }
        if !self.tails.is_empty() {
            let backwards: Vec<u8> = element.bytes().rev().collect();
            follow(&self.tails, &backwards, element, next, tried);
        }
    }
}

/// Tries the globs whose key the text begins with, from the longest key to the shortest.
fn follow(edges: &[Edge], mut text: &[u8], element: &str, next: &mut Vec<usize>, tried: &mut usize) {
    let mut rest = up_to(edges, text, tried);
    while let Some((last, before)) = rest.split_last() {
        *tried = tried.saturating_add(1);
        let common = last.key.iter().zip(text).take_while(|(a, b)| a == b).count();
        if common == last.key.len() {
            if last.glob.matches(element) {
                next.push(last.node);
            }
            rest = before;
        } else {
            // This is the greatest key that is not above the text. One with which the text begins and that had more in common
            // with it would stand between them.
            text = text.get(..common).unwrap_or_default();
            rest = up_to(before, text, tried);
        }
    }
}

/// Those whose keys are not above the text.
fn up_to<'e>(edges: &'e [Edge], text: &[u8], tried: &mut usize) -> &'e [Edge] {
    let end = edges.partition_point(|edge| {
        *tried = tried.saturating_add(1);
        *edge.key <= *text
    });
    edges.get(..end).unwrap_or_default()
}
