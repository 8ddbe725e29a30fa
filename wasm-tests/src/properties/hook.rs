//! Deliveries of webhooks: whatever is sent, nothing is believed that is not signed, and what is read is little.
//!
//! Input: a line with a digit that chooses the host, and a text in all headers that could prove a delivery; then the body.

use modgate::hook::{Delivered, Kind, RefName, delivery, kept, prove, read, repository_of};
use modgate::http::Timestamp;

use super::{choice, first_line};

const KINDS: [Kind; 9] = [
    Kind::AzureDevops,
    Kind::Bitbucket,
    Kind::BitbucketDc,
    Kind::Gerrit,
    Kind::Generic,
    Kind::Gitea,
    Kind::Github,
    Kind::Gitlab,
    Kind::Standard,
];

/// No seed has them, and no mutation comes upon them.
const SECRETS: [&str; 2] = ["K7fQzR2wXv9LmB4tYs8N", "whsec_Szdm8XpSMndYdjlMbUI0dFlzOE4="];

const HEADERS: [&str; 9] = [
    "authorization",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
    "x-gitea-signature",
    "x-github-event",
    "x-gitlab-token",
    "x-hub-signature",
    "x-hub-signature-256",
];

/// No bytes panic, none is signed, and what they say is bounded and plain.
pub fn check(input: &[u8]) {
    let (line, body) = first_line(input);
    let Some((kind, text)) = choice(&line, KINDS.len()) else { return };
    let kind = KINDS[kind];
    let headers = HEADERS.into_iter().map(|name| (name, text)).collect();
    let delivered = Delivered { headers: kept(kind, "x-hub-signature", &headers), query: text.to_owned() };
    let now = Timestamp(1_700_000_000_000);
    for header in ["", "x-hub-signature"] {
        assert!(prove(kind, header, &SECRETS, &delivered, body, now).is_err(), "{kind:?} {text:?}");
    }
    if let Some(id) = delivery(kind, &delivered.headers, body) {
        assert!(!id.is_empty() || kind == Kind::AzureDevops);
    }
    let Ok(event) = read(kind, &delivered.headers, body) else { return };
    assert!(event.refs.len() <= 16 && event.repositories.len() <= 6 && event.modules.len() <= 64);
    for name in event.repositories.iter().chain(&event.modules) {
        assert!(
            name.len() <= 512 && name.is_ascii() && !name.contains(['?', '%', ' ', '@', ':']),
            "{name:?}"
        );
        assert!(!name.starts_with('/') && !name.ends_with('/') && !name.contains("//"), "{name:?}");
        assert!(repository_of(name).is_some(), "{name:?}");
    }
    for change in &event.refs {
        let (RefName::Branch(name) | RefName::Tag(name)) = &change.name;
        assert!((1..=255).contains(&name.len()) && !name.contains('\n'), "{name:?}");
        assert!((1..=2).contains(&change.name.places().len()));
    }
}
