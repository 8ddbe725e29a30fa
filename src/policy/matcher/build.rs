//! How the tree is made: from all that is to stand in it, sorted, so that what leads to one node is written in a row.

use std::collections::BTreeSet;

use super::{Literal, Matcher, Node, ROOT};
use crate::gomod::Glob;
use crate::policy::Rule;

/// What a rule names, taken apart.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    elements: Vec<Element>,
    reach: Reach,
    place: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Element {
    Any,
    Glob(Glob),
    Literal(Box<str>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Below,
    Exact,
}

/// A tree that is being made, some rules at a time: first all that is to stand in it is sorted, then it is written.
#[derive(Debug, Default)]
pub(in crate::policy) struct Builder {
    entries: BTreeSet<Entry>,
    /// How many rules were taken apart.
    rules: usize,
    matcher: Matcher,
    /// The elements of the entry that was written last, each with the node it led to.
    trail: Vec<(Element, usize)>,
}

impl Builder {
    /// Takes the next rule apart. No rule is added once writing has begun.
    pub(in crate::policy) fn add(&mut self, rule: &Rule) {
        let place = self.rules;
        self.rules = place.saturating_add(1);
        let literal = |path: &str, reach| {
            let mut elements = Vec::with_capacity(path.split('/').count());
            elements.extend(path.split('/').map(|text| Element::Literal(text.into())));
            Entry { elements, reach, place }
        };
        self.entries.extend(rule.exact.iter().map(|module| literal(module.as_str(), Reach::Exact)));
        for pattern in rule.modules.iter() {
            if let Some(path) = pattern.literal() {
                self.entries.insert(literal(path, Reach::Below));
                continue;
            }
            match pattern.elements() {
                Some(globs) => {
                    let elements = globs.into_iter().map(Element::of).collect();
                    self.entries.insert(Entry { elements, reach: Reach::Below, place });
                }
                None => self.matcher.odd.push((pattern.clone(), place)),
            }
        }
    }

    /// Writes so many more entries; the tree, once that was all.
    pub(in crate::policy) fn write(&mut self, most: usize) -> Option<Matcher> {
        for _ in 0..most {
            let Some(entry) = self.entries.pop_first() else {
                return Some(std::mem::take(&mut self.matcher).finished());
            };
            self.matcher.insert(entry, &mut self.trail);
        }
        None
    }
}

impl Element {
    fn of(glob: Glob) -> Self {
        if glob.is_star() {
            return Self::Any;
        }
        match glob.literal() {
            Some(text) => Self::Literal(text.into()),
            None => Self::Glob(glob),
        }
    }
}

impl Matcher {
    /// Writes an entry that comes after all before it: so a node is written once, and what it leads to in ascending order.
    fn insert(&mut self, entry: Entry, trail: &mut Vec<(Element, usize)>) {
        let Entry { elements, reach, place } = entry;
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let common = trail.iter().zip(&elements).take_while(|((element, _), new)| element == *new).count();
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

    /// With all written.
    fn finished(mut self) -> Self {
        for node in &mut self.nodes {
            node.literals.shrink_to_fit();
            node.literals.sort_by_key(|literal| literal.digest);
            node.globs.finish();
        }
        self.nodes.shrink_to_fit();
        self.places.shrink_to_fit();
        self
    }

    /// A new node, to which the element leads from another.
    fn edge(&mut self, from: usize, element: Element) -> usize {
        let new = self.nodes.len();
        if let Some(node) = self.nodes.get_mut(from) {
            match element {
                Element::Any => node.star = Some(new),
                Element::Glob(glob) => node.globs.push(glob, new),
                Element::Literal(text) => {
                    if node.literals.is_empty() {
                        // Most nodes lead to one other.
                        node.literals.reserve_exact(1);
                    }
                    node.literals.push(Literal::new(text, new));
                }
            }
        }
        self.nodes.push(Node::default());
        new
    }
}
