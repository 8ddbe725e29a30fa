//! Which rules can never apply, for those before them in their list decide all that they are for?

use std::collections::BTreeMap;

use crate::gomod::{ModulePath, Pattern};
use crate::policy::Rule;

/// Enough to see that something is wrong with an order; thousands of lines would hide what else is logged.
const MOST_TOLD: usize = 8;

/// What to say of the rules of a list that can never apply.
///
/// It looks at how globs are written, for nothing else is quick among thousands of rules: `github.com/acme` is known to hold
/// `github.com/acme/*`, and `*.com` is not known to hold `acme.com`.
pub(in crate::config) fn warnings(rules: &[Rule]) -> Vec<String> {
    let mut decided = Decided::default();
    let mut warnings = Vec::new();
    for (n, rule) in rules.iter().enumerate() {
        match decided.before(rule).and_then(|earlier| rules.get(earlier)) {
            Some(earlier) => warnings.push(format!(
                "{} can never apply: before it {} decides for everybody",
                shown(rule),
                shown(earlier)
            )),
            None => decided.add(n, rule),
        }
    }
    let untold = warnings.len().saturating_sub(MOST_TOLD);
    warnings.truncate(MOST_TOLD);
    if untold > 0 {
        warnings.push(format!("{untold} more can never apply"));
    }
    warnings
}

/// What the rules so far decide for all callers and every version, by how it is written: which rule was first to.
#[derive(Default)]
struct Decided<'r> {
    globs: BTreeMap<&'r str, usize>,
    /// How long these are, a bit for each length: most texts need not be looked up.
    lengths: u64,
    exact: BTreeMap<&'r str, usize>,
}

impl<'r> Decided<'r> {
    fn add(&mut self, n: usize, rule: &'r Rule) {
        if rule.enforced && rule.is_final() && rule.principals.is_empty() && rule.looks_like.is_none() {
            for glob in rule.modules.iter() {
                self.globs.entry(written(glob)).or_insert(n);
                self.lengths |= length(written(glob));
            }
            for path in &rule.exact {
                self.exact.entry(path.as_str()).or_insert(n);
            }
        }
    }

    /// Where all modules of a rule are decided before it: the last rule that it takes for that.
    fn before(&self, rule: &Rule) -> Option<usize> {
        let globs = rule.modules.iter().map(|glob| self.above(written(glob)));
        let exact = rule.exact.iter().map(ModulePath::as_str);
        let exact = exact.map(|path| self.exact.get(path).copied().or_else(|| self.above(path)));
        globs.chain(exact).collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// The rule for a glob that holds all that `glob` holds: the same one, all leading elements of it, or `*`.
    fn above(&self, glob: &str) -> Option<usize> {
        let leading = glob.match_indices('/').filter_map(|(at, _)| glob.get(..at));
        // A class may hold a slash: what is leading to the eye is not what is compared with the leading elements then.
        let leading = leading.take_while(|leading| !leading.contains(['[', '\\']));
        let mut known =
            ["*", glob].into_iter().chain(leading).filter(|glob| self.lengths & length(glob) != 0);
        known.find_map(|glob| self.globs.get(glob)).copied()
    }
}

/// The bit for the length of a text; all long ones have the last.
fn length(text: &str) -> u64 {
    1 << text.len().min(63)
}

fn written(glob: &Pattern) -> &str {
    glob.as_str().strip_suffix('/').unwrap_or(glob.as_str())
}

fn shown(rule: &Rule) -> String {
    if rule.name.is_empty() { rule.place.clone() } else { format!("{} ({})", rule.place, rule.name) }
}
