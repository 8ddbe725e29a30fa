//! Evidence as a bill of materials: CycloneDX 1.6, as JSON.
//!
//! Each advisory is `in_triage`. Whether a build reaches what an advisory is about, the gateway does not know: it may say neither `exploitable`
//! nor `not_affected`. A waiver is a decision to live with the advisory until a day, and no analysis: it is told as the detail.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Made,
    document::{Hash, Hashes},
    go_sum::Listed,
    purl::purl,
};
use crate::{
    flow::explain::{Advised, Explanation, Waived},
    http::Timestamp,
    license::Licenses,
    policy::{OPERATORS, Waiver},
};

/// The media type of such a document.
pub(super) const TYPE: &str = "application/vnd.cyclonedx+json; version=1.6";

#[derive(Serialize)]
struct Component<'a> {
    r#type: &'static str,
    #[serde(rename = "bom-ref")]
    bom_ref: &'a str,
    name: &'a str,
    version: &'a str,
    purl: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<Value>,
    properties: Vec<Property>,
}

/// What the standard has no place for. A value is a text.
#[derive(Serialize)]
struct Property {
    name: String,
    value: String,
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    id: &'a str,
    source: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ratings: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recommendation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<&'a str>,
    analysis: Analysis,
    affects: [Value; 1],
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Analysis {
    state: &'static str,
    detail: String,
}

impl Property {
    fn of(name: &str, value: &impl ToString) -> Self {
        Self { name: format!("modgate:{name}"), value: value.to_string() }
    }
}

/// One version, whose zip has a hash.
pub(super) fn component(listed: &Listed, hashes: &Hashes, explained: &Explanation<'_>) -> String {
    let purl = purl(&listed.module, &listed.version);
    let mut properties = Vec::new();
    for (prefix, hash) in [("", &hashes.zip), ("go_mod:", &hashes.go_mod)] {
        properties.extend(hash.iter().flat_map(|hash| of_hash(prefix, hash)));
    }
    properties.extend(explained.checksum_database.map(|name| Property::of("checksum_database", &name)));
    properties.push(Property::of("decision", &explained.decision));
    properties.extend(explained.refusal.as_deref().map(|refusal| Property::of("refusal", &refusal)));
    properties.extend(explained.published.as_deref().map(|published| Property::of("published", &published)));
    let author = &explained.author;
    properties.extend(author.deprecated.as_deref().map(|why| Property::of("deprecated", &why)));
    properties.extend(author.retracted.iter().flatten().map(|why| Property::of("retracted", why)));
    let component = Component {
        r#type: "library",
        bom_ref: &purl,
        name: listed.module.as_str(),
        version: listed.version.as_str(),
        purl: &purl,
        licenses: licenses(explained.license.as_ref().and_then(Option::as_deref)),
        properties,
    };
    serde_json::to_string(&component).unwrap_or_default()
}

/// The licences as the standard has them: one by its identifier, several as an expression. What is unknown is left out.
fn licenses(license: Option<&str>) -> Vec<Value> {
    let read = license.and_then(Licenses::parse).unwrap_or_default();
    match read.ids().collect::<Vec<_>>().as_slice() {
        [] => Vec::new(),
        [id] => vec![json!({"license": {"id": id}})],
        _ => vec![json!({"expression": read.to_string()})],
    }
}

fn of_hash(prefix: &str, hash: &Hash) -> Vec<Property> {
    let name = |name: &str| format!("{prefix}{name}");
    let mut properties = vec![Property::of(&name("h1"), &hash.h1), Property::of(&name("log"), &hash.log)];
    properties.extend(hash.log_h1.as_ref().map(|h1| Property::of(&name("log_h1"), h1)));
    properties.extend(hash.record.map(|record| Property::of(&name("record"), &record)));
    properties.extend(hash.tree_size.map(|size| Property::of(&name("tree_size"), &size)));
    properties
}

/// What is said against one version.
pub(super) fn vulnerabilities(
    listed: &Listed,
    explained: &Explanation<'_>,
    listings: &[(&str, Option<&Waiver>)],
) -> Vec<String> {
    let purl = purl(&listed.module, &listed.version);
    let advised = explained.advisories.iter().flatten().map(|advised| {
        let decision = explained.decision;
        of_advisory(advised, decision, affects(&purl, listed))
    });
    let listings = listings.iter().map(|(id, waiver)| Vulnerability {
        id,
        source: json!({"name": OPERATORS}),
        ratings: Vec::new(),
        recommendation: None,
        published: None,
        analysis: Analysis::of(waiver.map(Waived::by).as_ref(), explained.decision),
        affects: [affects(&purl, listed)],
        properties: vec![Property::of("malicious", &true)],
    });
    advised.chain(listings).map(|one| serde_json::to_string(&one).unwrap_or_default()).collect()
}

fn of_advisory<'a>(advised: &'a Advised<'_>, decision: &str, affects: Value) -> Vulnerability<'a> {
    let fixed = (!advised.fixed.is_empty()).then(|| format!("Fixed in {}.", advised.fixed.join(", ")));
    Vulnerability {
        id: advised.id,
        source: json!({"name": advised.source}),
        ratings: rating(advised.severity).map(|severity| json!({"severity": severity})).into_iter().collect(),
        recommendation: fixed,
        published: Some(&advised.published),
        analysis: Analysis::of(advised.waived.as_ref(), decision),
        affects: [affects],
        properties: vec![
            Property::of("malicious", &advised.malicious),
            Property::of("reviewed", &advised.reviewed),
        ],
    }
}

fn affects(purl: &str, listed: &Listed) -> Value {
    json!({"ref": purl, "versions": [{"version": listed.version.as_str(), "status": "affected"}]})
}

/// A severity as the standard calls it; `None` where no source says one.
fn rating(severity: &str) -> Option<&str> {
    match severity {
        "unknown" => None,
        "moderate" => Some("medium"),
        other => Some(other),
    }
}

impl Analysis {
    fn of(waived: Option<&Waived<'_>>, decision: &str) -> Self {
        let detail = match waived {
            None => format!("No waiver lifts it. The gateway's decision on this version: {decision}."),
            Some(Waived { until, by, ticket, reason, .. }) => {
                let ticket = if ticket.is_empty() { String::new() } else { format!(" ({ticket})") };
                format!("Waived until {until} by {by}{ticket}: {reason}")
            }
        };
        Self { state: "in_triage", detail }
    }
}

/// The bill: `made`, when it was made, and by which sources of advisories.
pub(super) fn whole(made: &Made, sources: &[&str], now: Timestamp) -> String {
    let generated = now.rfc3339();
    let sources: Vec<_> = sources.iter().map(|name| Property::of("advisory_source", name)).collect();
    let metadata = json!({
        "timestamp": generated,
        "tools": {"components": [{"type": "application", "name": "modgate", "version": env!("CARGO_PKG_VERSION")}]},
        "properties": sources,
    });
    let Made { modules, vulnerabilities, .. } = made;
    format!(
        "{{\"$schema\":\"http://cyclonedx.org/schema/bom-1.6.schema.json\",\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\n\
         \"serialNumber\":\"{}\",\"version\":1,\n\"metadata\":{metadata},\n\
         \"components\":[\n{modules}\n],\n\"vulnerabilities\":[\n{vulnerabilities}\n]}}\n",
        serial(&made.digest_with(&generated))
    )
}

/// A UUID of version 8 (RFC 9562): the digest of all that the bill says, its time as well. The core draws no randomness.
fn serial(digest: &[u8; 32]) -> String {
    let mut bytes = u128::from_be_bytes(digest.first_chunk().copied().unwrap_or_default());
    bytes = bytes & !(0xf << 76) | 8 << 76;
    bytes = bytes & !(3 << 62) | 2 << 62;
    let hex = format!("{bytes:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("urn:uuid:{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_licence_is_an_identifier_and_several_are_an_expression() {
        for (license, want) in [
            (None, json!([])),
            (Some("unknown"), json!([])),
            (Some("MIT"), json!([{"license": {"id": "MIT"}}])),
            (Some("Apache-2.0 AND MIT"), json!([{"expression": "Apache-2.0 AND MIT"}])),
        ] {
            assert_eq!(json!(licenses(license)), want);
        }
    }

    #[test]
    fn a_serial_number_is_a_uuid_of_version_8() {
        assert_eq!(serial(&[0; 32]), "urn:uuid:00000000-0000-8000-8000-000000000000");
        assert_eq!(serial(&[0xff; 32]), "urn:uuid:ffffffff-ffff-8fff-bfff-ffffffffffff");
    }

    #[test]
    fn every_severity_is_one_of_the_standards() {
        for (ours, want) in [
            ("unknown", None),
            ("low", Some("low")),
            ("moderate", Some("medium")),
            ("high", Some("high")),
            ("critical", Some("critical")),
        ] {
            assert_eq!(rating(ours), want);
        }
    }

    #[test]
    fn a_bill_of_nothing_is_one() {
        let bill: Value = serde_json::from_str(&whole(&Made::default(), &["go"], Timestamp(0))).unwrap();
        assert_eq!((&bill["components"], &bill["vulnerabilities"]), (&json!([]), &json!([])));
        assert_eq!(bill["metadata"]["timestamp"], "1970-01-01T00:00:00Z");
        let later: Value = serde_json::from_str(&whole(&Made::default(), &["go"], Timestamp(1000))).unwrap();
        assert_ne!(bill["serialNumber"], later["serialNumber"]);
    }
}
