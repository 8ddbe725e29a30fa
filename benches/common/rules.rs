//! Rules as an organisation has them: 10,000, of all kinds.

use modgate::gomod::{ModulePath, Pattern};
use modgate::policy::{Action, Rule, Versions};

pub(crate) const RULES: usize = 10_000;

pub(crate) fn rules() -> Vec<Rule> {
    (0..RULES).map(rule).collect()
}

fn rule(n: usize) -> Rule {
    let (glob, module) = match n % 10 {
        0 | 1 => (Some(format!("github.com/org{n}/*")), None),
        2 | 3 => (None, Some(format!("github.com/org{}/mod{n}", n % 700))),
        4 => (Some(format!("github.com/corp/team{n}-*")), None),
        5 => (Some(format!("*.team{n}.corp.example.com")), None),
        6 => (Some(format!("vanity{n}.example.org/x")), None),
        7 => (None, Some(format!("gopkg.in/pkg{n}.v2"))),
        8 => (Some(format!("github.com/*/typo{n}")), None),
        _ => (Some(format!("gitlab.example.com/group{}/*/svc{n}", n % 50)), None),
    };
    let globs = glob.iter().map(|glob| Pattern::parse(glob).unwrap()).collect();
    Rule {
        exact: module.iter().map(|module| ModulePath::parse(module).unwrap()).collect(),
        versions: n.is_multiple_of(3).then(|| Versions::parse([">=v1.2.0, <v1.4.0"]).unwrap()),
        ..Rule::new(&format!("policy.rules[{n}]"), globs, Action::Deny)
    }
}
