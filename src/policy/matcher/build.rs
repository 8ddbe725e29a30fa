//! How the tree is made: all that is to stand in it, sorted, so that what leads to one node is written in a row.

use super::{Matcher, Node};
use crate::gomod::{Glob, ModulePath};
use crate::policy::Rule;

/// What a rule names, taken apart.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    elements: Vec<Element>,
    reach: Reach,
    place: usize,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Element {
    Any,
    Glob(Glob),
    Literal(String),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Below,
    Exact,
}

pub(super) fn build(rules: &[Rule]) -> Matcher {
    let mut matcher = Matcher::default();
    let mut entries = Vec::new();
    for (place, rule) in rules.iter().enumerate() {
        let exact = |module: &ModulePath| {
            let elements = module.as_str().split('/').map(|text| Element::Literal(text.to_owned())).collect();
            Entry { elements, reach: Reach::Exact, place }
        };
        entries.extend(rule.exact.iter().map(exact));
        for pattern in rule.modules.iter() {
            match pattern.elements() {
                Some(globs) => {
                    let elements = globs.into_iter().map(Element::of).collect();
                    entries.push(Entry { elements, reach: Reach::Below, place });
                }
                None => matcher.odd.push((pattern.clone(), place)),
            }
        }
    }
    entries.sort_unstable();
    entries.dedup();
    matcher.insert(entries);
    matcher
}

impl Element {
    fn of(glob: Glob) -> Self {
        if glob.is_star() {
            return Self::Any;
        }
        match glob.literal() {
            Some(text) => Self::Literal(text.to_owned()),
            None => Self::Glob(glob),
        }
    }
}

impl Matcher {
    /// Writes what is sorted: a node is written once, and what it leads to in ascending order.
    fn insert(&mut self, entries: Vec<Entry>) {
        if !entries.is_empty() {
            self.nodes.push(Node::default());
        }
        // The elements of the last entry, each with the node it led to.
        let mut trail: Vec<(Element, usize)> = Vec::new();
        for Entry { elements, reach, place } in entries {
            let common =
                trail.iter().zip(&elements).take_while(|((element, _), new)| element == *new).count();
            trail.truncate(common);
            for element in elements.into_iter().skip(common) {
                let from = trail.last().map_or(ROOT, |(_, node)| *node);
                let node = self.edge(from, element.clone());
                trail.push((element, node));
            }
            let end = trail.last().map_or(ROOT, |(_, node)| *node);
            let next = self.places.len();
            if let Some(node) = self.nodes.get_mut(end) {
                let run = match reach {
                    Reach::Below => &mut node.below,
                    Reach::Exact => &mut node.exact,
                };
                let start = if run.start < run.end { run.start } else { next };
                *run = start..next.saturating_add(1);
                self.places.push(place);
            }
        }
        for node in &mut self.nodes {
            node.literals.shrink_to_fit();
            node.globs.finish();
        }
        self.nodes.shrink_to_fit();
        self.places.shrink_to_fit();
    }

    /// A new node, to which the element leads from another.
    fn edge(&mut self, from: usize, element: Element) -> usize {
        let new = self.nodes.len();
        if let Some(node) = self.nodes.get_mut(from) {
            match element {
                Element::Any => node.star = Some(new),
                Element::Glob(glob) => node.globs.push(glob, new),
                Element::Literal(text) => node.literals.push((text.into(), new)),
            }
        }
        self.nodes.push(Node::default());
        new
    }
}

const ROOT: usize = 0;
