//! What is asked, of which servers, what it is compared with, and what the answer must be.
//!
//! A case is an entry of [`ALL`].

use serde_json::Value;

use super::load::Http;
use super::server::{Id, Server};
use super::site::{Site, files};
use crate::http::{Request, Response};

/// One kind of request.
#[derive(Debug)]
pub(super) struct Case {
    /// Without a comma, which separates names in `BENCH_CASES`.
    pub(super) name: &'static str,
    pub(super) table: Table,
    pub(super) target: Target,
    /// Whether it is asked with the tag of the answer, as one who has that already.
    pub(super) tagged: bool,
    pub(super) header: Option<(&'static str, &'static str)>,
    /// How many are under way at any time.
    pub(super) at_once: u32,
    pub(super) figure: Figure,
    pub(super) on: &'static [Id],
    pub(super) base: Base,
    pub(super) status: u16,
    pub(super) body: Body,
    pub(super) filter: Filter,
}

/// Where it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    /// A column of the servers' small answers.
    Documents,
    /// A column of their downloads.
    Downloads,
    /// A row of its own.
    Own,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// The same each time.
    Same(&'static str),
    /// Each time the list of a module of another owner, that nobody has. Over HTTP/1.1 alone.
    Unknown,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// CPU time of all the server's processes for an answer.
    Cpu,
    /// The time within which 99 of 100 answers were there.
    P99,
}

/// What it is compared with, over the same HTTP and in the same round.
#[derive(Clone, Copy, Debug)]
pub(super) enum Base {
    /// The same of this server.
    Same(Id),
    /// Another case.
    Other(Id, &'static str),
}

/// What the body must be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    /// The file under the path.
    File,
    /// The `.info` of this version.
    Version(&'static str),
    /// The go.mod.
    GoMod,
    Nothing,
    /// Only its author knows the words.
    Words,
}

/// What the filter must say that it did, if it is one that answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter {
    /// `x-modgate-cache`.
    pub(super) cache: Option<&'static str>,
    /// Its counter of such answers; no other one of answers may move.
    pub(super) counter: Option<&'static str>,
    /// How many callouts each answer takes.
    pub(super) callouts: u64,
}

const DOCUMENT: Case = Case {
    name: "",
    table: Table::Documents,
    target: Target::Unknown,
    tagged: false,
    header: None,
    at_once: 32,
    figure: Figure::Cpu,
    on: SERVERS,
    base: Base::Same(Id::Direct),
    status: 200,
    body: Body::File,
    filter: Filter { cache: Some("hit"), counter: None, callouts: 0 },
};
const DOWNLOAD: Case = Case {
    table: Table::Downloads,
    on: DOWNLOADS,
    base: Base::Same(Id::Proxy),
    filter: Filter { cache: Some("storage"), counter: Some("kind.zip.cache.storage.class.2xx"), callouts: 0 },
    ..DOCUMENT
};
const OWN: Case = Case { table: Table::Own, ..DOCUMENT };

/// All of them, in the order of the tables.
pub(super) const ALL: &[Case] = &[
    Case { name: "list", target: Target::Same(files::LIST), filter: hit("kind.list.cache.hit.class.2xx"), ..DOCUMENT },
    Case {
        name: ".info",
        target: Target::Same(files::INFO),
        body: Body::Version("v1.0.0"),
        filter: hit("kind.info.cache.hit.class.2xx"),
        ..DOCUMENT
    },
    Case { name: MOD, target: Target::Same(files::GO_MOD), filter: hit(MOD_HIT), ..DOCUMENT },
    Case {
        name: "@latest",
        target: Target::Same(files::LATEST),
        body: Body::Version("v1.0.0"),
        filter: hit("kind.latest.cache.hit.class.2xx"),
        ..DOCUMENT
    },
    Case {
        name: MISSING,
        target: Target::Same(files::MISSING),
        status: 404,
        body: Body::Words,
        filter: hit("kind.list.cache.hit.class.4xx"),
        ..DOCUMENT
    },
    Case {
        name: "304",
        target: Target::Same(files::GO_MOD),
        tagged: true,
        on: SERVERS_WITH_TAGS,
        status: 304,
        body: Body::Nothing,
        filter: hit("kind.mod.cache.hit.class.3xx"),
        ..DOCUMENT
    },
    Case {
        name: "p99 of .mod at 1000 connections",
        target: Target::Same(files::GO_MOD),
        at_once: 1000,
        figure: Figure::P99,
        on: &[Id::Direct, Id::Proxy, Id::Modgate, Id::Shipped],
        filter: hit(MOD_HIT),
        ..DOCUMENT
    },
    Case { name: "zip 200 KB", target: Target::Same(files::ZIP_200_KB), ..DOWNLOAD },
    Case { name: "zip 5 MB", target: Target::Same(files::ZIP_5_MB), ..DOWNLOAD },
    Case { name: "zip 100 MB", target: Target::Same(files::ZIP_100_MB), at_once: 4, ..DOWNLOAD },
    Case {
        name: ZIP_OF_TEXT,
        table: Table::Own,
        target: Target::Same(files::ZIP_OF_TEXT),
        on: &[Id::Proxy, Id::Modgate],
        filter: Filter { cache: Some("upstream"), counter: Some("kind.zip.cache.upstream.class.2xx"), callouts: 0 },
        ..DOWNLOAD
    },
    Case {
        name: "404 that is asked of upstream and storage",
        // The upstream for the list, storage for the list, and storage for what lies there.
        on: &[Id::Modgate],
        base: Base::Other(Id::Direct, MISSING),
        status: 404,
        body: Body::Words,
        filter: Filter { cache: Some("upstream"), counter: Some("kind.list.cache.upstream.class.4xx"), callouts: 3 },
        ..OWN
    },
    Case {
        name: "403 of a private name",
        target: Target::Same("/sumdb/sum.example.com/lookup/private.example.com/module@v1.0.0"),
        on: &[Id::Direct, Id::Modgate],
        status: 403,
        body: Body::Words,
        filter: Filter { cache: None, counter: Some("kind.sumdb.cache.none.class.4xx"), callouts: 0 },
        ..OWN
    },
    Case {
        name: ".mod under rules",
        target: Target::Same(files::GO_MOD),
        on: &[Id::Ruled],
        base: Base::Other(Id::Modgate, MOD),
        filter: hit(MOD_HIT),
        ..OWN
    },
    Case {
        name: ".mod of a team under rules",
        target: Target::Same(files::OF_TEAM),
        header: Some(MEMBER),
        on: &[Id::Ruled],
        base: Base::Other(Id::Modgate, MOD),
        filter: hit(MOD_HIT),
        ..OWN
    },
    Case {
        name: "403 under rules",
        target: Target::Same("/bench.example.com/module/@v/v0.9.0.mod"),
        on: &[Id::Direct, Id::Ruled],
        status: 403,
        body: Body::Words,
        filter: Filter { cache: None, counter: Some("kind.mod.cache.none.class.4xx"), callouts: 0 },
        ..OWN
    },
    Case {
        name: "another application",
        target: Target::Same(APPLICATION),
        on: &[Id::Direct, Id::Modgate],
        body: Body::GoMod,
        filter: Filter { cache: None, counter: None, callouts: 0 },
        ..OWN
    },
    Case {
        name: "another application of a shared gateway",
        target: Target::Same(APPLICATION),
        on: &[Id::Shared, Id::Pasted],
        base: Base::Same(Id::Shared),
        body: Body::GoMod,
        filter: Filter { cache: None, counter: None, callouts: 0 },
        ..OWN
    },
];

const fn hit(counter: &'static str) -> Filter {
    Filter { cache: Some("hit"), counter: Some(counter), callouts: 0 }
}

/// What answers documents.
const SERVERS: &[Id] = &[
    Id::Direct,
    Id::Proxy,
    Id::Cache,
    Id::Files,
    Id::Caching,
    Id::Goproxy,
    Id::Athens,
    Id::BeforeCaching,
    Id::BeforeGoproxy,
    Id::BeforeAthens,
    Id::Modgate,
    Id::Shipped,
];
/// Athens' answers have no tag.
const SERVERS_WITH_TAGS: &[Id] = &[
    Id::Direct,
    Id::Proxy,
    Id::Cache,
    Id::Files,
    Id::Caching,
    Id::Goproxy,
    Id::BeforeCaching,
    Id::BeforeGoproxy,
    Id::Modgate,
    Id::Shipped,
];
/// What has zips.
const DOWNLOADS: &[Id] = &[
    Id::Proxy,
    Id::Cache,
    Id::Files,
    Id::Caching,
    Id::Goproxy,
    Id::Athens,
    Id::BeforeCaching,
    Id::BeforeGoproxy,
    Id::BeforeAthens,
    Id::Modgate,
    Id::Shipped,
];

const MOD: &str = ".mod";
const MISSING: &str = "404";
const ZIP_OF_TEXT: &str = "zip of text that is read along";
const MOD_HIT: &str = "kind.mod.cache.hit.class.2xx";
/// The path of an application beside the modules.
pub(super) const APPLICATION: &str = "/application";
/// The header by which a caller has a name.
pub(super) const MEMBER: (&str, &str) = ("x-user", "ada");

impl Case {
    /// Its path, where it has one.
    pub(super) fn path(&self) -> &'static str {
        match self.target {
            Target::Same(path) => path,
            Target::Unknown => "",
        }
    }

    /// Whether it can be asked over this HTTP.
    pub(super) fn speaks(&self, http: Http) -> bool {
        http == Http::One || matches!(self.target, Target::Same(_))
    }

    /// The case and the server it is compared with.
    pub(super) fn base(&self) -> (&'static str, Id) {
        match self.base {
            Base::Same(id) => (self.name, id),
            Base::Other(id, name) => (name, id),
        }
    }

    /// What is sent beside `host`: what the go command sends, as the filter reads all of it.
    pub(super) fn headers<'a>(&'a self, tag: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
        let go = [("User-Agent", "Go-http-client/1.1"), ("Accept-Encoding", "gzip")];
        go.into_iter().chain(self.header).chain(tag.map(|tag| ("If-None-Match", tag))).collect()
    }

    /// The tag that a server gives the answer, where it is asked with one.
    pub(super) fn tag(&self, server: &Server) -> Result<Option<String>, String> {
        if !self.tagged {
            return Ok(None);
        }
        if server.id == Id::Direct {
            // It answers so whatever the tag is, and gives none.
            return Ok(Some("\"any\"".to_owned()));
        }
        let answer = self.send(server, self.path(), None)?;
        let tag = answer.header("etag").ok_or_else(|| format!("{} has no etag", self.path()))?;
        Ok(Some(tag.to_owned()))
    }

    /// What a server answers.
    pub(super) fn ask(&self, server: &Server) -> Result<Response, String> {
        self.send(server, self.path(), self.tag(server)?.as_deref())
    }

    /// What a server answers to this path instead.
    pub(super) fn send(&self, server: &Server, path: &str, tag: Option<&str>) -> Result<Response, String> {
        let headers = self.headers(tag);
        let request = headers.iter().fold(Request::get(path), |request, (name, value)| request.header(name, value));
        let addr = server.addr(Http::One).ok_or("it does not speak HTTP/1.1")?;
        request.try_send(addr).map_err(|error| format!("{path}: {error}"))
    }

    /// Compares an answer with the one that is meant.
    pub(super) fn judge(&self, answer: &Response, server: &Server, site: &Site<'_>) -> Result<(), String> {
        let cache = answer.header("x-modgate-cache");
        let meant = server.gateway().and(self.filter.cache);
        if (answer.status, cache) != (self.status, meant) {
            return Err(format!(
                "it is answered {} with x-modgate-cache {cache:?}, not {} with {meant:?}: {:.200}",
                answer.status,
                self.status,
                answer.text()
            ));
        }
        if !(server.id.entry().hit)(answer, self) {
            return Err(format!("it is answered from elsewhere: {answer:?}"));
        }
        let body = match self.body {
            Body::File => answer.body == site.file(self.path())?,
            Body::GoMod => answer.body == files::go_mod().as_bytes(),
            Body::Nothing => answer.body.is_empty(),
            Body::Words => true,
            Body::Version(version) => serde_json::from_slice::<Value>(&answer.body)
                .is_ok_and(|answer| answer["Version"] == version),
        };
        if body { Ok(()) } else { Err(format!("it is answered with {} other bytes than are meant", answer.length)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_can_be_named_and_compared() {
        for (at, case) in ALL.iter().enumerate() {
            assert!(!case.name.contains([',', '|']) && !case.name.is_empty(), "{case:?}");
            assert!(ALL[..at].iter().all(|other| other.name != case.name), "{case:?}");
            let (name, id) = case.base();
            let base = ALL.iter().find(|base| base.name == name).expect("a base is a case");
            assert!(base.on.contains(&id), "{case:?}");
            assert!(base.base().0 == name && base.base().1 == id || name != case.name, "{case:?}");
        }
    }
}
