//! The reference, generated from the raw structs: `envoy/config.schema.json` and `docs/configuration.md`.
//!
//! The committed files are compared with what is generated here. `make docs` refreshes them: it runs this test with
//! `UPDATE_REFERENCE=1`.

mod schema;

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::json_tree::JsonTree;
use super::problems::Collector;
use super::raw::{RawConfig, RawFetch};
use super::setting::Bounded;
use super::tests::FULL;
use super::{Config, MINIMAL, Problems, limits, typed};

const SCHEMA: &str = "envoy/config.schema.json";
const REFERENCE: &str = "docs/configuration.md";

#[test]
fn the_committed_reference_is_current() {
    let schema = schema::schema();
    let pretty = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    for (name, generated) in [(SCHEMA, pretty), (REFERENCE, reference(&schema))] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        #[expect(clippy::disallowed_methods, reason = "a developer's switch of this test, not configuration")]
        if std::env::var("UPDATE_REFERENCE").is_ok_and(|value| value == "1") {
            fs::write(&path, &generated).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == generated, "{name} is out of date: run `make docs` and commit the result");
    }
}

/// The full example is one the filter accepts, and leaves no field out.
#[test]
fn the_full_example_mentions_every_field() {
    Config::parse(FULL).unwrap_or_else(|problems| panic!("{problems}"));
    let full: Value = serde_json::from_str(FULL).unwrap();
    for Section { name, fields, .. } in all(&schema::schema()) {
        let examples = keys(&name).fold(vec![&full], |found, key| {
            let inner = found.into_iter().filter_map(|object| object.get(key));
            inner
                .flat_map(|value| {
                    value.as_array().map_or_else(|| vec![value], |items| items.iter().collect())
                })
                .collect()
        });
        for (field, _) in fields {
            // `url` stands for three others; where only one endpoint can be shown, those are.
            let is_shown = |field: &str| examples.iter().any(|example| example.get(field).is_some());
            let stands_for_others = field == "url" && is_shown("authority") && examples.len() == 1;
            // Two that exclude each other.
            let is_other = name == "storage.delivery" && field == "secure_link" && is_shown("s3");
            assert!(
                is_shown(field) || stands_for_others || is_other || name == "storage.delivery.secure_link",
                "{name}.{field} is not in the full example"
            );
        }
    }
}

/// A default that is documented is one that could be written, and changes nothing when it is.
#[test]
fn documented_defaults_are_the_compiled_ones() {
    let expected = Config::parse(&base().to_string()).unwrap();
    let checked = for_each_field(|place, properties, with| {
        let default = properties.get("default")?;
        assert_eq!(with(default.clone()).as_ref(), Ok(&expected), "{place}");
        Some(())
    });
    assert_eq!(checked, 99, "every default of the schema, none lost on the way");
}

/// Bounds that are documented hold, and end where they say.
#[test]
fn documented_bounds_are_the_compiled_ones() {
    let checked = for_each_field(|place, properties, with| {
        let accepts = |value: Value| with(value).is_ok();
        if let (Some(least), Some(most)) = (properties["minimum"].as_u64(), properties["maximum"].as_u64()) {
            let below = least.checked_sub(1);
            assert!(accepts(least.into()) && below.is_none_or(|below| !accepts(below.into())), "{place}");
            assert!(accepts(most.into()) && !accepts((most + 1).into()), "{place}");
        } else {
            let (least, most) = (properties["x-shortest"].as_str()?, properties["x-longest"].as_str()?);
            assert!(accepts(least.into()) && accepts("0s".into()) == (least == "0s"), "{place}");
            assert!(accepts(most.into()) && !accepts(format!("{most} 1ns").into()), "{place}");
        }
        Some(())
    });
    assert_eq!(
        checked, 36,
        "eleven numbers, six timeouts, eight freshnesses, two waits, an expiry, three ages, four intervals, a window"
    );
}

/// A setting is called what its field is: what is out of bounds is noted there.
#[test]
fn what_is_out_of_bounds_is_noted_at_its_field() {
    let checked = for_each_field(|place, properties, with| {
        let beyond = match (properties["maximum"].as_u64(), properties["x-longest"].as_str()) {
            (Some(most), _) => json!(most + 1),
            (None, Some(most)) => json!(format!("{most} 1ns")),
            (None, None) => return None,
        };
        let (_, field) = place.rsplit_once('.').unwrap();
        let problems = with(beyond).unwrap_err();
        assert!(problems.iter().all(|problem| problem.path().ends_with(&format!(".{field}"))), "{problems}");
        Some(())
    });
    assert!(checked > 20, "{checked} fields have bounds");
}

/// An operator who makes a mistake in a section is told the fields of that section.
#[test]
fn an_unknown_field_is_answered_with_the_fields_of_its_section() {
    let schema = schema::schema();
    let sections = all(&schema);
    assert!(sections.len() > 20, "{} sections", sections.len());
    for Section { name, object, .. } in &sections {
        let mut written = json!({"no such field": 1});
        let mut place = name.as_str();
        while !place.is_empty() {
            let is_list = sections.iter().any(|section| section.name == place && section.is_list);
            let (around, key) = place.rsplit_once('.').unwrap_or(("", place));
            written = if is_list { json!({key: [written]}) } else { json!({key: written}) };
            place = around;
        }
        let mut found = Collector::default();
        let tree = JsonTree::read(&written.to_string()).unwrap();
        assert!(typed::read::<RawConfig>(&tree, &mut found).is_some(), "{name}");
        let problems = found.in_order_of(&tree.root).to_string();
        let known: Vec<&str> = fields(object).map(|(field, _)| field).collect();
        let told = format!("[\"no such field\"]: unknown field; known here: {}", known.join(", "));
        assert!(problems.ends_with(&told), "{name}: {problems}");
    }
}

/// Numbers that descriptions spell out are those of `limits`.
#[test]
fn numbers_in_prose_are_the_compiled_ones() {
    let schema = schema::schema();
    let index = &schema["properties"]["index"];
    let leases = limits::LEASE_SLOTS * (limits::LEASE_BYTES + limits::KEY_OVERHEAD_BYTES);
    let whole = index["description"].as_str().unwrap();
    assert!(whole.contains(&format!("{} MB for its leases", leases.div_ceil(1_000_000))), "{whole}");
    let bytes = index["properties"]["bytes"]["description"].as_str().unwrap();
    let (half, large) = (limits::PAGE_BYTES.div_ceil(2 << 10), limits::LARGE_PAGE_BYTES.div_ceil(1 << 10));
    assert!(bytes.contains(&format!("from {half} to {large} KiB")), "{bytes}");
    assert!(
        bytes.contains(&format!("one part in {}", limits::MISSING_SHARE).replacen('o', "O", 1)),
        "{bytes}"
    );
    let name = &schema["properties"]["upstreams"]["items"]["properties"]["name"]["description"];
    assert!(name.as_str().unwrap().contains(&format!("1 to {}", limits::MAX_NAME_BYTES)), "{name}");
}

/// A configuration with one of everything that has to be named.
fn base() -> Value {
    json!({
        "upstreams": [{"cluster": "c", "authority": "h"}],
        "storage": {"cluster": "c", "authority": "h", "delivery": {"url": "https://h"}},
        "sumdb": [{"name": "sum.golang.org", "cluster": "c", "authority": "h"}],
        "policy": {"bundle": {"cluster": "c", "authority": "h"}},
        "exposure": {},
        "vanity": [{"import": "go.example/m", "repository": "https://h/m"}],
        "sync": {"hooks": [{"name": "a", "kind": "generic", "secrets": ["sixteen-bytes-ok"]}], "feeds": [{"name": "a", "cluster": "c", "authority": "h"}], "fleet": {}, "forecast": {}, "prewarm": {}},
        "catalog": {},
        "advisories": {"sources": [{"name": "go", "format": "zip", "cluster": "c", "authority": "h"}]},
    })
}

/// Calls `check` for every field of every section, with a way to parse `base` with another value there, and counts the
/// fields it found something to check at.
fn for_each_field(
    check: impl Fn(&str, &Value, &dyn Fn(Value) -> Result<Config, Problems>) -> Option<()>,
) -> usize {
    let mut checked = 0;
    let schema = schema::schema();
    for Section { name, fields, .. } in all(&schema) {
        for (field, properties) in fields {
            let with = |value: Value| {
                let mut written = base();
                let is_default = properties["default"] == value;
                if field == "zip_wait" && !is_default {
                    // It is bounded by the other wait, too: that is the longest.
                    written["fetch"] = json!({"wait": RawFetch::WAIT.most.shown()});
                }
                if name == "policy.rules" {
                    // None is the default: the one that a bound is tried at is here alone.
                    written["policy"]["rules"] = json!([{"modules": ["*"], "action": "cooldown"}]);
                }
                if name == "policy.rules.advisories" {
                    written["policy"]["rules"] = json!([{"modules": ["*"], "action": "deny"}]);
                }
                if field == "stale_after" && !is_default {
                    // Sources are asked more often than that.
                    written["advisories"]["sources"][0]["interval"] = json!("1s");
                }
                let place = keys(&name).fold(&mut written, |object, key| match &mut object[key] {
                    Value::Array(items) => &mut items[0],
                    one => one,
                });
                place[field] = value;
                Config::parse(&written.to_string())
            };
            checked += usize::from(check(&format!("{name}.{field}"), properties, &with).is_some());
        }
    }
    checked
}

/// The reference as Markdown.
fn reference(schema: &Value) -> String {
    let mut page = format!(
        "# Configuration\n\n\
         <!-- Generated from src/config/raw.rs by `make docs`. Do not edit. -->\n\n\
         {}\n\n\
         Envoy hands it over as the `configuration` of the plugin, which must be a `google.protobuf.StringValue` with \
         the JSON text (a `Struct` arrives as protobuf bytes and is refused); under Istio it is the `pluginConfig` of a \
         `WasmPlugin`. It is strict: unknown fields, fields given twice, nulls and values out of bounds are refused, all \
         of them at once, each with its place (`$.upstreams[1].timeout`). Durations are text such as `30s` or `1h 30m`. \
         The schema of all this is [config.schema.json](../envoy/config.schema.json).\n\n\
         The least that works:\n\n```json\n{MINIMAL}```\n\n\
         Everything there is:\n\n```json\n{FULL}```\n",
        description(schema)
    );
    for section in all(schema) {
        let (name, what) = (&section.name, &section.description);
        page += &match (name.as_str(), section.is_list) {
            ("", _) => "\n## At the top\n\nWhat is in no section.\n\n".to_owned(),
            (_, true) => format!("\n## {name}\n\nA list of objects. {what}\n\n"),
            (_, false) => format!("\n## {name}\n\nAn object. {what}\n\n"),
        };
        page += "| Field | Type | Default | What it is |\n|---|---|---|---|\n";
        for (field, properties) in section.fields {
            let default = match properties.get("default") {
                Some(value) => format!("`{value}`"),
                None if is_required(section.object, field) => "required".to_owned(),
                None => String::new(),
            };
            let text = description(properties) + &variants(properties);
            let cells = [format!("`{field}`"), kind_of(properties), default, text]
                .map(|cell| cell.replace('|', "\\|"));
            page += &format!("| {} |\n", cells.join(" | "));
        }
    }
    page
}

fn fields(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let properties: Option<&Map<String, Value>> = object["properties"].as_object();
    properties.into_iter().flatten().map(|(name, field)| (name.as_str(), field))
}

/// An object of the configuration, or a list of them.
struct Section<'a> {
    /// `storage.delivery`; empty at the top.
    name: String,
    description: String,
    is_list: bool,
    object: &'a Value,
    fields: Vec<(&'a str, &'a Value)>,
}

/// Every section, and before them the fields that are in none.
fn all(schema: &Value) -> Vec<Section<'_>> {
    let sections = sections(schema);
    let is_section = |field: &str| sections.iter().any(|section| section.name == field);
    let top = Section {
        name: String::new(),
        description: description(schema),
        is_list: false,
        object: schema,
        fields: fields(schema).filter(|(field, _)| !is_section(field)).collect(),
    };
    [top].into_iter().chain(sections).collect()
}

/// The way to a section.
fn keys(name: &str) -> impl Iterator<Item = &str> {
    name.split('.').filter(|key| !key.is_empty())
}

/// Every section, each before those that lie in it.
fn sections(object: &Value) -> Vec<Section<'_>> {
    let mut found = Vec::new();
    for (name, section) in fields(object) {
        let (is_list, object) = section.get("items").map_or((false, section), |items| (true, items));
        if object.get("properties").is_some() {
            let (name, description) = (name.to_owned(), description(section));
            let inner = sections(object);
            found.push(Section {
                name: name.clone(),
                description,
                is_list,
                object,
                fields: fields(object).collect(),
            });
            found.extend(
                inner.into_iter().map(|inner| Section { name: format!("{name}.{}", inner.name), ..inner }),
            );
        }
    }
    found
}

fn is_required(object: &Value, field: &str) -> bool {
    object["required"].as_array().is_some_and(|names| names.iter().any(|name| name == field))
}

/// The doc comment on one line.
fn description(schema: &Value) -> String {
    let text = schema["description"].as_str().expect("everything is documented");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn kind_of(schema: &Value) -> String {
    if schema.get("oneOf").is_some() {
        return "choice".to_owned();
    }
    let kind = match schema["type"].as_str().expect("everything has one type") {
        "array" if schema["items"].get("properties").is_some() => "list of objects, see below",
        "array" => return format!("list of {}", kind_of(&schema["items"])),
        "boolean" => "true or false",
        "integer" => "whole number",
        "object" if schema.get("properties").is_some() => "object, see below",
        "object" => return format!("object of {}", kind_of(&schema["additionalProperties"])),
        "string" => schema["title"].as_str().unwrap_or("text"),
        other => panic!("a type the reference cannot name: {other}"),
    };
    match (bound(schema, ["minimum", "x-shortest"]), bound(schema, ["maximum", "x-longest"])) {
        (Some(least), Some(most)) => format!("{kind}, {least} to {most}"),
        _ => kind.to_owned(),
    }
}

fn bound(schema: &Value, names: [&str; 2]) -> Option<String> {
    let value = names.iter().find_map(|name| schema.get(name))?;
    Some(value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))
}

fn variants(schema: &Value) -> String {
    let Some(variants) = schema["oneOf"].as_array() else { return String::new() };
    let told: Vec<String> = variants
        .iter()
        .map(|one| format!("`{}`: {}", one["const"].as_str().unwrap(), description(one)))
        .collect();
    format!(" ({})", told.join("; "))
}
