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
    /// Texts of the next element, by their digests, and where they lead.
    literals: Vec<Literal>,
    /// Where any element leads.
    star: Option<usize>,
    /// Where elements lead that a glob matches.
    globs: Globs,
    /// The rules for the module that ends here: a run of places.
    exact: Range<usize>,
    /// The rules for that one and all below.
    below: Range<usize>,
}

/// A text of an element, and where it leads.
#[derive(Clone, Debug, PartialEq)]
struct Literal {
    /// By it the text is found: what is compared stands in a row, and most texts of one node begin alike.
    digest: u32,
    text: Box<str>,
    node: usize,
}

impl Literal {
    fn new(text: Box<str>, node: usize) -> Self {
        Self { digest: digest(&text), text, node }
    }
}

/// FNV-1a of 32 bits. Who writes the rules could have many texts share one, and would have them compared one by one.
fn digest(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |digest, byte| (digest ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The root's place.
const ROOT: usize = 0;
/// How many nodes, and runs, there is room for at first.
const USUAL: usize = 8;

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
        // Few paths reach more nodes at once, or more runs: the three are made once each.
        let mut runs = Vec::with_capacity(USUAL);
        let (mut reached, mut next) = (Vec::with_capacity(USUAL), Vec::with_capacity(USUAL));
        reached.push(ROOT);
        for element in path.split('/') {
            next.clear();
            for node in self.nodes(&reached) {
                node.follow(element, &mut next, tried);
            }
            std::mem::swap(&mut reached, &mut next);
            if reached.is_empty() {
                break;
            }
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
        if !self.literals.is_empty() {
            let sought = digest(element);
            let first = self.literals.partition_point(|literal| {
                *tried = tried.saturating_add(1);
                literal.digest < sought
            });
            let same = self.literals.iter().skip(first).take_while(|literal| literal.digest == sought);
            next.extend(same.filter(|literal| *literal.text == *element).map(|literal| literal.node));
        }
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
