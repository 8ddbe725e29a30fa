//! What there is for Envoys, what each has been told, and what it said to that.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::prost::bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::{Kind, wire};

/// Everything; each change of it goes to whoever has asked for it, at once.
#[derive(Debug, Default)]
pub(super) struct State {
    resources: BTreeMap<Key, Resource>,
    streams: BTreeMap<u64, Stream>,
    /// What was sent under each nonce and is not answered yet.
    sent: BTreeMap<u64, Vec<(Key, u64)>>,
    /// What an Envoy said of a resource last, with the version that it was of.
    verdicts: BTreeMap<Key, (u64, Result<(), String>)>,
    /// What should not have been said.
    complaints: Vec<String>,
    /// The last number given to a version, a nonce or a stream.
    last: u64,
}

type Key = (Kind, String);

#[derive(Debug)]
struct Resource {
    version: u64,
    /// Nothing: it was taken away.
    value: Option<Value>,
}

/// A connected Envoy.
#[derive(Debug)]
struct Stream {
    outlet: UnboundedSender<Bytes>,
    /// What it wants to be told of; `*` is all of a kind.
    wanted: BTreeMap<Kind, BTreeSet<String>>,
    /// The versions it was told.
    told: BTreeMap<Key, u64>,
}

impl State {
    /// Has a resource be this from now on, or be gone; its version.
    pub(super) fn set(&mut self, key: Key, value: Option<Value>) -> u64 {
        let version = self.number();
        self.resources.insert(key, Resource { version, value });
        self.tell();
        version
    }

    /// What an Envoy said to this version of it, once it has.
    pub(super) fn verdict(&self, key: &Key, version: u64) -> Option<Result<(), String>> {
        let (of, verdict) = self.verdicts.get(key)?;
        (*of == version).then(|| verdict.clone())
    }

    /// The names that Envoys have asked for now.
    pub(super) fn wanted(&self, kind: Kind) -> BTreeSet<String> {
        self.streams.values().filter_map(|stream| stream.wanted.get(&kind)).flatten().cloned().collect()
    }

    pub(super) fn complaints(&self) -> &[String] {
        &self.complaints
    }

    pub(super) fn complain(&mut self, complaint: String) {
        self.complaints.push(complaint);
    }

    pub(super) fn opened(&mut self, outlet: UnboundedSender<Bytes>) -> u64 {
        let number = self.number();
        self.streams.insert(number, Stream { outlet, wanted: BTreeMap::new(), told: BTreeMap::new() });
        number
    }

    pub(super) fn closed(&mut self, number: u64) {
        self.streams.remove(&number);
    }

    /// A `DeltaDiscoveryRequest`: an answer to what it was told, or other wishes, or both.
    pub(super) fn asked(&mut self, number: u64, request: &Value) {
        let url = request["type_url"].as_str().unwrap_or_default();
        let Some(kind) = Kind::of(url) else {
            self.complain(format!("wants {url}"));
            return;
        };
        let nonce = request["response_nonce"].as_str().and_then(|nonce| nonce.parse().ok());
        if let Some(answered) = nonce.and_then(|nonce: u64| self.sent.remove(&nonce)) {
            let verdict = match &request["error_detail"] {
                Value::Null => Ok(()),
                error => Err(error["message"].as_str().unwrap_or_default().to_owned()),
            };
            for (key, version) in answered {
                self.verdicts.insert(key, (version, verdict.clone()));
            }
        }
        if let Some(stream) = self.streams.get_mut(&number) {
            let first = !stream.wanted.contains_key(&kind);
            let wanted = stream.wanted.entry(kind).or_default();
            let names = |field: &str| {
                let names = request[field].as_array().into_iter().flatten();
                names.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
            };
            let more = names("resource_names_subscribe");
            if first && more.is_empty() {
                wanted.insert("*".to_owned());
            }
            for name in names("resource_names_unsubscribe") {
                wanted.remove(&name);
                stream.told.remove(&(kind, name));
            }
            for name in more {
                // Who asks again is told again.
                stream.told.remove(&(kind, name.clone()));
                wanted.insert(name);
            }
        }
        self.tell();
    }

    /// Sends each stream what it wants and has not been told.
    fn tell(&mut self) {
        for stream in self.streams.values_mut() {
            for kind in Kind::ALL {
                let Some(wanted) = stream.wanted.get(&kind) else { continue };
                let news: Vec<(&Key, &Resource)> = self
                    .resources
                    .iter()
                    .filter(|(key, resource)| {
                        let told = stream.told.get(key);
                        key.0 == kind
                            && (wanted.contains("*") || wanted.contains(&key.1))
                            && told != Some(&resource.version)
                            // What it never heard of need not be taken away.
                            && (told.is_some() || resource.value.is_some())
                    })
                    .collect();
                if news.is_empty() {
                    continue;
                }
                self.last += 1;
                let nonce = self.last;
                match response(kind, nonce, &news) {
                    // An Envoy that has gone is noticed where its requests end.
                    Ok(bytes) => drop(stream.outlet.send(bytes)),
                    Err(error) => self.complaints.push(error),
                }
                let sent = news.iter().map(|(key, resource)| ((*key).clone(), resource.version));
                let sent: Vec<(Key, u64)> = sent.collect();
                stream.told.extend(sent.iter().cloned());
                self.sent.insert(nonce, sent);
            }
        }
    }

    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

fn response(kind: Kind, nonce: u64, news: &[(&Key, &Resource)]) -> Result<Bytes, String> {
    let present = news.iter().filter_map(|((_, name), resource)| {
        let mut value = resource.value.clone()?;
        value["@type"] = kind.url().into();
        Some(json!({"name": name, "version": resource.version.to_string(), "resource": value}))
    });
    let gone = news.iter().filter(|(_, resource)| resource.value.is_none()).map(|((_, name), _)| name);
    wire::encode(
        "envoy.service.discovery.v3.DeltaDiscoveryResponse",
        &json!({
            "system_version_info": nonce.to_string(),
            "resources": present.collect::<Vec<_>>(),
            "type_url": kind.url(),
            "nonce": nonce.to_string(),
            "removed_resources": gone.collect::<Vec<_>>(),
        }),
    )
}
