//! This proxy's own pages: one table of where each lies, which methods it answers, who may ask for it, and how large a body it takes.
//!
//! Each method says itself what it does, so that there is no page without an answer and no body without a limit.

use super::answer::READ;
use crate::http::is_read;

/// One of this proxy's own pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// What is decided of a module version, and why.
    Explain,
    /// Which versions that were served lately are known to be vulnerable or malicious.
    Exposed,
    /// The filter runs.
    Healthz,
    /// What became of a build that was posted.
    Prewarm,
    /// The filter runs and has seen what it fetches from.
    Readyz,
    /// How the gateway is doing.
    Status,
    /// Which build runs.
    Version,
}

/// What a client sends in the body of a POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// A go.sum of whose hashes is to be said what is known.
    GoSum,
    /// A delivery of a webhook.
    Hook,
    /// A build of which is to be said what storage lacks.
    Lacking,
    /// Module versions that are to be explained.
    Modules,
    /// A build that is to be fetched.
    Prewarm,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where it lies.
    pub name: Name,
    /// What may be done with it.
    pub methods: Methods,
    /// Who may.
    pub who: Who,
}

/// Where a page lies, below the configured prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// Under this name.
    Exact(&'static str),
    /// Under all names that begin with this one and a slash; what follows is told to the page.
    Below(&'static str),
}

/// Which methods a page answers, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Methods {
    /// POST alone.
    Post(Taken),
    /// GET and HEAD.
    Read(Page),
    /// Those, and POST.
    ReadAndPost(Page, Taken),
}

/// The body that a page takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What it is.
    pub what: Posted,
    /// Bytes that it may have.
    pub most: usize,
}

/// Who may ask for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Every client that reaches it.
    Everyone,
    /// Callers whom `admin.explain` names.
    Named {
        /// What it is that only they may see, in the plural.
        what: &'static str,
    },
    /// Callers whom `sync.prewarm.principals` names.
    Prewarmers,
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It reads this page; the host gives a HEAD the length alone.
    Read(Page),
    /// It sends this body.
    Post(Taken),
}

/// Every page.
pub(super) const ROUTES: [Route; 11] = [
    Route {
        name: Name::Exact("evidence"),
        // A build of a thousand modules has a go.sum of some 2,000 lines and 200 KB.
        methods: Methods::Post(Taken { what: Posted::GoSum, most: 256 << 10 }),
        who: Who::Named { what: "reports about a go.sum" },
    },
    Route {
        name: Name::Exact("explain"),
        // A thousand lines of `go list -m all` have some 50 KB.
        methods: Methods::ReadAndPost(Page::Explain, Taken { what: Posted::Modules, most: 64 << 10 }),
        who: Who::Named { what: "explanations" },
    },
    Route {
        name: Name::Exact("exposed"),
        methods: Methods::Read(Page::Exposed),
        who: Who::Named { what: "reports of what was served" },
    },
    Route { name: Name::Exact("healthz"), methods: Methods::Read(Page::Healthz), who: Who::Everyone },
    Route {
        name: Name::Below("hooks"),
        // What tells of a tag has below 20 KB. A push of many commits has more, and says nothing that would be heeded.
        methods: Methods::Post(Taken { what: Posted::Hook, most: 256 << 10 }),
        // What they send is signed.
        who: Who::Everyone,
    },
    Route {
        name: Name::Exact("missing"),
        methods: Methods::Post(Taken { what: Posted::Lacking, most: MOST_BUILD }),
        who: Who::Prewarmers,
    },
    Route {
        name: Name::Exact("prewarm"),
        methods: Methods::Post(Taken { what: Posted::Prewarm, most: MOST_BUILD }),
        who: Who::Prewarmers,
    },
    Route { name: Name::Below("prewarm"), methods: Methods::Read(Page::Prewarm), who: Who::Prewarmers },
    Route { name: Name::Exact("readyz"), methods: Methods::Read(Page::Readyz), who: Who::Everyone },
    Route {
        name: Name::Exact("status"),
        methods: Methods::Read(Page::Status),
        who: Who::Named { what: "reports of its state" },
    },
    Route { name: Name::Exact("version"), methods: Methods::Read(Page::Version), who: Who::Everyone },
];

/// As a go.sum whose hashes are asked about.
const MOST_BUILD: usize = 256 << 10;

impl Route {
    /// The row for `name`, and what follows the row's own name in it.
    pub fn find<'a>(routes: &'static [Self], name: &'a [u8]) -> Option<(&'static Self, &'a str)> {
        routes.iter().find_map(|route| Some((route, route.name.rest(name)?)))
    }

    /// What a request with this method does, if the page answers it.
    pub fn deed(&self, method: &str) -> Option<Deed> {
        match self.methods {
            Methods::Read(page) | Methods::ReadAndPost(page, _) if is_read(method) => Some(Deed::Read(page)),
            Methods::Post(taken) | Methods::ReadAndPost(_, taken) if method == "POST" => {
                Some(Deed::Post(taken))
            }
            Methods::Post(_) | Methods::Read(_) | Methods::ReadAndPost(..) => None,
        }
    }
}

impl Name {
    /// Its text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact(name) | Self::Below(name) => name,
        }
    }

    fn rest(self, asked: &[u8]) -> Option<&str> {
        match self {
            Self::Exact(name) => (asked == name.as_bytes()).then_some(""),
            Self::Below(name) => {
                let rest = asked.strip_prefix(name.as_bytes())?.strip_prefix(b"/")?;
                std::str::from_utf8(rest).ok().filter(|rest| !rest.is_empty())
            }
        }
    }
}

impl Methods {
    /// As `Allow` lists them.
    pub fn allow(self) -> &'static str {
        match self {
            Self::Post(_) => "POST",
            Self::Read(_) => READ,
            Self::ReadAndPost(..) => "GET, HEAD, POST",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::limits::MAX_BODIES_BYTES;

    const BELOW: [Route; 1] =
        [Route { name: Name::Below("hooks"), methods: Methods::Read(Page::Version), who: Who::Everyone }];

    #[test]
    fn every_page_lies_in_one_place_and_no_place_hides_another() {
        let is_below = |name| matches!(name, Name::Below(_));
        let names: BTreeSet<_> =
            ROUTES.iter().map(|route| (route.name.as_str(), is_below(route.name))).collect();
        assert_eq!(names.len(), ROUTES.len());
        for route in &ROUTES {
            let name = route.name.as_str();
            let (asked, rest) = match route.name {
                Name::Exact(name) => (name.to_owned(), ""),
                Name::Below(name) => (format!("{name}/rest"), "rest"),
            };
            assert_eq!(Route::find(&ROUTES, asked.as_bytes()), Some((route, rest)), "{name}");
            let deeds = |route: &Route| (route.deed("GET"), route.deed("POST"));
            let same = ROUTES.iter().filter(|other| deeds(other) == deeds(route));
            assert_eq!(same.count(), 1, "{name}");
            let is_plain = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'/' | b'-' | b'.');
            assert!(name.bytes().all(is_plain) && !name.starts_with('/') && !name.ends_with('/'), "{name}");
        }
    }

    #[test]
    fn every_body_is_a_small_part_of_what_clients_may_send_at_once() {
        for route in &ROUTES {
            if let Some(Deed::Post(Taken { most, .. })) = route.deed("POST") {
                assert!(most > 0 && most <= MAX_BODIES_BYTES / 8, "{route:?}");
            }
        }
    }

    #[test]
    fn a_name_is_taken_whole_or_with_what_follows_it() {
        let rest = |name: &'static [u8]| Route::find(&BELOW, name).map(|(_, rest)| rest);
        assert_eq!(rest(b"hooks/forge"), Some("forge"));
        assert_eq!(rest(b"hooks/a/b"), Some("a/b"));
        for other in [&b"hooks"[..], b"hooks/", b"hooksa/b", b"Hooks/a", b"a/hooks/b", b"hooks/\xff", b""] {
            assert_eq!(rest(other), None, "{other:?}");
        }
        for other in [&b"explain/"[..], b"explain/a", b"explai", b"explainx", b"/explain"] {
            assert_eq!(Route::find(&ROUTES, other), None, "{other:?}");
        }
    }

    #[test]
    fn only_what_a_page_answers_is_done_with_it() {
        let [evidence, explain, _, healthz, ..] = &ROUTES;
        for method in ["GET", "HEAD"] {
            assert_eq!(explain.deed(method), Some(Deed::Read(Page::Explain)));
            assert_eq!(healthz.deed(method), Some(Deed::Read(Page::Healthz)));
        }
        let posted = explain.deed("POST");
        assert!(matches!(posted, Some(Deed::Post(Taken { what: Posted::Modules, .. }))), "{posted:?}");
        assert_eq!(healthz.deed("POST"), None);
        let posted = evidence.deed("POST");
        assert!(matches!(posted, Some(Deed::Post(Taken { what: Posted::GoSum, .. }))), "{posted:?}");
        assert_eq!((evidence.deed("GET"), evidence.deed("HEAD")), (None, None));
        for method in ["PUT", "post", "DELETE", "OPTIONS", "CONNECT", ""] {
            assert_eq!((explain.deed(method), healthz.deed(method)), (None, None), "{method}");
        }
        for route in &ROUTES {
            let allowed = |method: &&str| route.deed(method).is_some();
            let methods = ["GET", "HEAD", "POST", "PUT", "DELETE"].into_iter().filter(allowed);
            assert_eq!(methods.collect::<Vec<_>>().join(", "), route.methods.allow(), "{route:?}");
        }
    }
}
