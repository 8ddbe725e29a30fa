//! The variables that `make run` takes, read and judged before anything starts.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::system_ca;
use crate::base_url::BaseUrl;
use crate::tools::repository;
use crate::variable::number;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `UPSTREAM`: the proxy to fetch from; the sample modules when unset.
    pub upstream: Option<BaseUrl>,
    /// `SUMDB`: a checksum database to serve and verify against.
    pub sumdb: Option<Sumdb>,
    /// `LISTEN`.
    pub listen: IpAddr,
    /// `PORT`.
    pub port: u16,
    /// `ADMIN_PORT`.
    pub admin_port: u16,
    /// `STORAGE_DIR`: where modules are kept, also after the end.
    pub storage_dir: PathBuf,
    /// `RUN_DIR`: logs and what is made for this run.
    pub run_dir: PathBuf,
    /// `WORKERS`.
    pub workers: u32,
    /// `CONFIG`: merged into the plugin configuration.
    pub config: Value,
    /// `PROOF_MODULE`: what the go command downloads as a proof.
    pub proof_module: Option<String>,
    /// `CA_FILE`, or the system's: whom to trust behind `https`.
    pub ca_file: Option<PathBuf>,
}

/// A checksum database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sumdb {
    /// Its name.
    pub name: String,
    /// Its verifier key, as GOSUMDB takes it; the name stands first in it.
    pub key: String,
    /// Where it is.
    pub url: BaseUrl,
}

impl Settings {
    /// Reads them. A variable that is empty counts as unset.
    ///
    /// # Errors
    /// One line that names the variable.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let var =
            |name: &str| var(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let upstream = var("UPSTREAM").map(|text| url("UPSTREAM", &text)).transpose()?;
        let sumdb = var("SUMDB").map(|text| sumdb(&text)).transpose()?;
        let listen = match var("LISTEN") {
            Some(text) => text.parse().map_err(|_| format!("LISTEN={text} is not an IP address"))?,
            None => IpAddr::from(Ipv4Addr::LOCALHOST),
        };
        let port = number("PORT", var("PORT"), 10_000, 1..=65_535)?;
        let admin_port = number("ADMIN_PORT", var("ADMIN_PORT"), 9901, 1..=65_535)?;
        if port == admin_port {
            return Err(format!("PORT and ADMIN_PORT are both {port}"));
        }
        let tls =
            upstream.as_ref().is_some_and(|url| url.tls) || sumdb.as_ref().is_some_and(|sumdb| sumdb.url.tls);
        Ok(Self {
            upstream,
            sumdb,
            listen,
            port: narrow(port),
            admin_port: narrow(admin_port),
            storage_dir: folder("STORAGE_DIR", var("STORAGE_DIR"), ".run/storage")?,
            run_dir: folder("RUN_DIR", var("RUN_DIR"), &format!(".run/gateway-{port}"))?,
            workers: number("WORKERS", var("WORKERS"), 2, 1..=64)?,
            config: var("CONFIG").map_or_else(|| Ok(json!({})), |text| config(&text))?,
            proof_module: var("PROOF_MODULE").map(proof_module).transpose()?,
            ca_file: if tls { Some(ca_file(var("CA_FILE"))?) } else { None },
        })
    }
}

fn url(name: &str, text: &str) -> Result<BaseUrl, String> {
    BaseUrl::parse(text).map_err(|error| format!("{name}: {error}"))
}

fn sumdb(text: &str) -> Result<Sumdb, String> {
    let wrong = || format!("SUMDB={text} is not \"name+hash+key url\"");
    let (key, place) = text.split_once(char::is_whitespace).ok_or_else(wrong)?;
    let mut parts = key.splitn(3, '+');
    let (Some(name), Some(hash), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(wrong());
    };
    let hexadecimal = hash.len() == 8 && hash.chars().all(|digit| digit.is_ascii_hexdigit());
    if name.is_empty() || rest.is_empty() || !hexadecimal {
        return Err(wrong());
    }
    Ok(Sumdb { name: name.to_owned(), key: key.to_owned(), url: url("SUMDB", place.trim())? })
}

fn narrow(port: u32) -> u16 {
    u16::try_from(port).expect("judged before")
}

/// Absolute, and there: nginx and Envoy run elsewhere.
fn folder(name: &str, text: Option<String>, default: &str) -> Result<PathBuf, String> {
    let dir = text.map_or_else(|| repository().join(default), PathBuf::from);
    fs::create_dir_all(&dir)
        .and_then(|()| dir.canonicalize())
        .map_err(|error| format!("{name}={}: {error}", dir.display()))
}

fn config(text: &str) -> Result<Value, String> {
    let (origin, json) = if text.starts_with('{') {
        ("CONFIG".to_owned(), text.to_owned())
    } else {
        (
            format!("CONFIG={text}"),
            fs::read_to_string(text).map_err(|error| format!("CONFIG={text}: {error}"))?,
        )
    };
    let value: Value =
        serde_json::from_str(&json).map_err(|error| format!("{origin} is not JSON: {error}"))?;
    if value.is_object() { Ok(value) } else { Err(format!("{origin} is not a JSON object")) }
}

fn proof_module(text: String) -> Result<String, String> {
    let whole =
        text.split_once('@').is_some_and(|(module, version)| !module.is_empty() && !version.is_empty());
    if whole { Ok(text) } else { Err(format!("PROOF_MODULE={text} is not module@version")) }
}

fn ca_file(text: Option<String>) -> Result<PathBuf, String> {
    match text {
        None => system_ca().ok_or_else(|| "no CA bundle found for https: name one in CA_FILE".to_owned()),
        Some(text) => {
            let file =
                PathBuf::from(&text).canonicalize().map_err(|error| format!("CA_FILE={text}: {error}"))?;
            if file.is_file() { Ok(file) } else { Err(format!("CA_FILE={text} is not a file")) }
        }
    }
}

#[cfg(test)]
mod tests;
