//! Which of many rules name a module, without asking each.
//!
//! The patterns and modules of all rules are one tree, with an edge for an element. A path goes down it, element by element,
//! wherever it is let: along the edge with this very text, along `*`, along the globs that may match. What it comes past are
//! the rules that name it: where a pattern ends, those for all below; where the path ends, those for this very module too.
//!
//! Many rules may begin alike and be told apart by one element only, so globs are found by the text they begin with, or else by
//! the one they end with ([`globs`]). A glob that has neither is tried whenever a path comes by.

mod build;
mod globs;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::slice;

pub(super) use self::build::Builder;
use self::globs::Globs;
use crate::gomod::{ModulePath, Pattern};

/// Finds the rules that name a module: exactly those of which [`super::Rule::names`] says so.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Matcher {
    /// The root is the first.
    nodes: Vec<Node>,
    /// The places of rules, in runs of which each ascends.
    places: Vec<usize>,
    /// What cannot be taken apart: a pattern with a slash in a class. Tried one by one.
    odd: Vec<(Pattern, usize)>,
}

/// Where some first elements lead.
#[derive(Clone, Debug, Default, PartialEq)]
struct Node {
    /// Texts of the next element, ascending, and where they lead.
    literals: Vec<(Box<str>, usize)>,
    /// Where any element leads.
    star: Option<usize>,
    /// Where elements lead that a glob matches.
    globs: Globs,
    /// The rules for the module that ends here: a run of places.
    exact: Range<usize>,
    /// The rules for that one and all below.
    below: Range<usize>,
}

/// Places of rules, ascending, each once; found while they are asked for.
#[derive(Clone, Debug)]
struct RuleIndexes<'m> {
    lists: Vec<&'m [usize]>,
    /// The first place of each list, with the list.
    heap: BinaryHeap<Reverse<(usize, usize)>>,
    last: Option<usize>,
}

impl Matcher {
    /// The places, among the rules, of those that name `module`: ascending.
    pub(super) fn places(&self, module: &ModulePath) -> impl Iterator<Item = usize> {
        RuleIndexes::merge(self.search(module.as_str(), &mut 0))
    }

    /// The runs of rules that name a path. Counts the edges that were looked at.
    fn search(&self, path: &str, tried: &mut usize) -> Vec<&[usize]> {
        let mut runs = Vec::new();
        let mut reached: Vec<usize> = vec![0];
        for element in path.split('/') {
            let mut next = Vec::new();
            for node in self.nodes(&reached) {
                node.follow(element, &mut next, tried);
            }
            reached = next;
            runs.extend(self.nodes(&reached).filter_map(|node| self.run(&node.below)));
        }
        runs.extend(self.nodes(&reached).filter_map(|node| self.run(&node.exact)));
        *tried = tried.saturating_add(self.odd.len());
        let odd = self.odd.iter().filter(|(pattern, _)| pattern.matches_str(path));
        runs.extend(odd.map(|(_, place)| slice::from_ref(place)));
        runs
    }

    fn nodes(&self, indices: &[usize]) -> impl Iterator<Item = &Node> {
        indices.iter().filter_map(|index| self.nodes.get(*index))
    }

    fn run(&self, range: &Range<usize>) -> Option<&[usize]> {
        self.places.get(range.clone()).filter(|run| !run.is_empty())
    }
}

impl Node {
    /// Appends the nodes to which an element leads.
    fn follow(&self, element: &str, next: &mut Vec<usize>, tried: &mut usize) {
        let literal = self.literals.binary_search_by(|(text, _)| {
            *tried = tried.saturating_add(1);
            (**text).cmp(element)
        });
        next.extend(literal.ok().and_then(|at| self.literals.get(at)).map(|(_, node)| *node));
        next.extend(self.star);
        self.globs.follow(element, next, tried);
    }
}

impl<'m> RuleIndexes<'m> {
    fn merge(lists: Vec<&'m [usize]>) -> Self {
        let firsts = lists.iter().enumerate().filter_map(|(list, run)| Some(Reverse((*run.first()?, list))));
        Self { heap: firsts.collect(), lists, last: None }
    }
}

impl Iterator for RuleIndexes<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while let Some(Reverse((place, list))) = self.heap.pop() {
            let run = self.lists.get_mut(list)?;
            *run = run.get(1..).unwrap_or_default();
            self.heap.extend(run.first().map(|next| Reverse((*next, list))));
            if self.last.replace(place) != Some(place) {
                return Some(place);
            }
        }
        None
    }
}
