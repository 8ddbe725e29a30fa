//! Whatever the text, the answer is a configuration or problems, one line each, in order, no place twice.

use serde_json::{Value, json};

use super::*;

/// What replaces every node and every byte in turn. No randomness: a failure is the same on every machine.
fn odd_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("\u{0}\n\u{7f}"),
        json!("é".repeat(100)),
        json!("99999999999999999999y"),
        json!("https://"),
        json!("/%"),
        json!("*."),
        json!("[]:"),
        json!([]),
        json!([[], {}, null, 1, "x"]),
        json!({}),
        json!({"": {"": []}, "not_found": null}),
    ]
}

/// What is read the quick way is read as in stages.
fn check_both_ways(text: &str) -> bool {
    if let Some(plain) = Config::parse_plain(text) {
        assert_eq!(Config::parse_in_stages(text).as_ref(), Ok(&plain), "{text}");
    }
    check(text)
}

fn check(text: &str) -> bool {
    let Err(problems) = Config::parse_bytes(text.as_bytes()) else { return true };
    let paths: Vec<String> = problems.iter().map(Problem::path).collect();
    assert!(!paths.is_empty() && paths.len() <= problems::MAX_PROBLEMS, "{text}");
    for (n, path) in paths.iter().enumerate() {
        assert!(!paths[..n].contains(path), "{path} twice in {problems}");
    }
    assert_eq!(
        problems.iter().count(),
        problems.to_string().lines().filter(|line| line.starts_with('$')).count()
    );
    assert!(problems.to_string().chars().all(|c| c == '\n' || !c.is_control()));
    false
}

#[test]
fn never_panics_on_any_node_replaced() {
    let whole: Value = serde_json::from_str(FULL).unwrap();
    let mut pointers = vec![String::new()];
    collect(&whole, "", &mut pointers);
    assert!(pointers.len() > 60);
    for pointer in &pointers {
        for odd in odd_values() {
            let mut changed = whole.clone();
            *changed.pointer_mut(pointer).unwrap() = odd;
            check_both_ways(&changed.to_string());
        }
    }
}

/// What a byte becomes; with `None` it is left out.
const CHANGES: [Option<u8>; 4] = [None, Some(b'"'), Some(b'{'), Some(0)];

#[test]
fn never_panics_on_any_byte_changed() {
    let compact = serde_json::from_str::<Value>(FULL).unwrap().to_string();
    for n in 0..compact.len() {
        check(&compact[..n]);
        // In turn: the example grows with each feature, and the time by its square.
        let mut changed = compact.clone().into_bytes();
        match CHANGES[n % CHANGES.len()] {
            Some(byte) => changed[n] = byte,
            None => drop(changed.remove(n)),
        }
        check(std::str::from_utf8(&changed).unwrap());
        let mut changed = compact.clone().into_bytes();
        changed[n] |= 0x80;
        assert!(Config::parse_bytes(&changed).is_err());
    }
}

#[test]
fn the_quick_way_takes_rules_that_are_plainly_right_and_nothing_else() {
    let with = |rules: &str| {
        format!(r#"{{"storage": {{"cluster": "s", "url": "http://s"}}, "policy": {{"rules": {rules}}}}}"#)
    };
    let rule = |more: &str| with(&format!(r#"[{{"modules": ["a.b"], "action": "deny"{more}}}]"#));
    for right in [FULL, &with("[]"), &rule(""), &rule(r#", "reason": "It is null.""#)] {
        assert!(Config::parse_plain(right).is_some(), "{right}");
        assert!(check_both_ways(right));
    }
    for wrong in [
        rule(r#", "action": "deny""#),
        rule(r#", "reason": null"#),
        rule(
            r#", "versions": ["v1",
            null]"#,
        ),
        rule(r#", "raeson": "x""#),
        rule(r#", "age": "1d""#),
        rule(r#"}, null, {"modules": ["a.c"], "action": "deny""#),
        rule(r#"}, ["a"], {"modules": ["a.c"], "action": "deny""#),
        rule(r#"}], "rules": [{"modules": ["a.c"], "action": "deny""#),
        rule(r#"}]}, "policy": {"rules": [{"modules": ["a.c"], "action": "deny""#),
        rule(r#"}], "default": null, "bundle": [{"#),
        with(r#"[]}, "private": {"modules": ["a.b", "a b"]"#),
        with("{}"),
    ] {
        assert!(Config::parse_plain(&wrong).is_none(), "{wrong}");
        assert!(!check_both_ways(&wrong), "{wrong}");
    }
}

#[test]
fn many_problems_are_cut_short() {
    let fields: Vec<String> = (0..5000).map(|n| format!(r#""f{n}":1"#)).collect();
    let text = format!("{{{}}}", fields.join(","));
    assert!(!check(&text));
    assert!(!check(&format!(r#"{{"upstreams":[{}]}}"#, vec!["7"; 5000].join(","))));
    assert!(!check(&"[".repeat(100_000)));
    let problems = Config::parse(&text).unwrap_err().to_string();
    assert!(problems.ends_with("\n(no more than 64 problems are listed)"), "{problems}");
}

fn collect(value: &Value, at: &str, pointers: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Array(items) => items.iter().enumerate().map(|(n, item)| (n.to_string(), item)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.replace('~', "~0").replace('/', "~1"), field)).collect()
        }
        _ => Vec::new(),
    };
    for (step, value) in inner {
        let at = format!("{at}/{step}");
        collect(value, &at, pointers);
        pointers.push(at);
    }
}
