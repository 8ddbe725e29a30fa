//! What is measured, and what its answers must be.

use std::collections::BTreeMap;

use super::site::{
    CHECKED_ZIP, DENIED, DIRECT, LARGE_ZIP, Listener, MEMBER, MODULE, OF_TEAM, PLAIN_ZIP, RULED_OUT, SMALL_ZIP,
    Site, go_mod,
};
use super::wrk::{CONNECTIONS, Load};
use crate::http::Request;

/// One kind of request.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// Without a comma, which separates names in `BENCH_CASES`.
    pub(super) name: &'static str,
    /// The case it is compared with.
    pub(super) base: &'static str,
    pub(super) listener: Listener,
    pub(super) target: Target,
    header: Option<(&'static str, String)>,
    expected: Expected,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// The same each time.
    Same(String),
    /// Each time the list of a module of another owner, that nobody has.
    Unknown,
}

/// What the answer must be.
#[derive(Clone, Debug)]
struct Expected {
    status: u16,
    /// The whole body; nothing where only its author knows the words.
    body: Option<Vec<u8>>,
    /// `x-modgate-cache`.
    cache: Option<&'static str>,
    /// The filter's counter of such answers; no other one of answers may move.
    counter: Option<&'static str>,
    /// How many callouts each answer takes.
    callouts: u64,
}

const BASE: &str = "direct response";
const HIT: &str = "hit: .mod";
const SMALL: &str = "zip 200 KB: plain proxy";
const LARGE: &str = "zip 5 MB: plain proxy";
const PLAIN: &str = "zip of text: plain proxy";

/// All cases, bases first.
pub(super) fn all(site: &Site) -> Result<Vec<Case>, String> {
    let of = |file: &str| format!("{MODULE}/{file}");
    let (list, latest, info, go_mod_file) =
        (of("@v/list"), of("@latest"), of("@v/v1.0.0.info"), of("@v/v1.0.0.mod"));
    // Asked once for its tag.
    let modified = Request::get(&go_mod_file).try_send(site.addr(Listener::Filter));
    let modified = modified.map_err(|error| format!("{go_mod_file}: {error}"))?;
    let tag = modified.header("etag").ok_or_else(|| format!("{go_mod_file}: no etag"))?.to_owned();

    let direct = |name, listener| Case {
        name,
        base: BASE,
        listener,
        target: Target::Same(DIRECT.to_owned()),
        header: None,
        expected: Expected { body: Some(go_mod().into_bytes()), ..Expected::of(200) },
    };
    let filtered = |name, target: &str, expected| Case {
        name,
        base: BASE,
        listener: Listener::Filter,
        target: Target::Same(target.to_owned()),
        header: None,
        expected,
    };
    let hit = |name, target: &str, counter, body| {
        let expected =
            Expected { body: Some(body), cache: Some("hit"), counter: Some(counter), ..Expected::of(200) };
        filtered(name, target, expected)
    };
    let zip = |name, base, target: &str, listener| {
        let expected = Expected { body: Some(site.stored(target)?), ..Expected::of(200) };
        let expected = match listener {
            Listener::Plain => expected,
            Listener::Filter | Listener::Ruled => Expected {
                cache: Some("storage"),
                counter: Some("kind.zip.cache.storage.class.2xx"),
                ..expected
            },
        };
        Ok::<_, String>(Case { base, listener, ..filtered(name, target, expected) })
    };
    Ok(vec![
        direct(BASE, Listener::Plain),
        direct("not ours: direct response", Listener::Filter),
        hit("hit: @v/list", &list, "kind.list.cache.hit.class.2xx", site.fetched(&list)?),
        hit("hit: .info", &info, "kind.info.cache.hit.class.2xx", site.stored(&info)?),
        hit(HIT, &go_mod_file, MOD_HIT, go_mod().into_bytes()),
        hit("hit: @latest", &latest, "kind.latest.cache.hit.class.2xx", site.fetched(&latest)?),
        Case {
            header: Some(("If-None-Match", tag)),
            ..filtered(
                "hit: .mod as 304",
                &go_mod_file,
                Expected {
                    body: Some(Vec::new()),
                    cache: Some("hit"),
                    counter: Some("kind.mod.cache.hit.class.3xx"),
                    ..Expected::of(304)
                },
            )
        },
        filtered(
            "hit: 404",
            "/bench.example.com/missing/@v/list",
            Expected {
                cache: Some("hit"),
                counter: Some("kind.list.cache.hit.class.4xx"),
                ..Expected::of(404)
            },
        ),
        Case {
            base: HIT,
            listener: Listener::Ruled,
            ..hit("10000 rules: .mod", &go_mod_file, MOD_HIT, go_mod().into_bytes())
        },
        Case {
            base: HIT,
            listener: Listener::Ruled,
            header: Some((MEMBER.0, MEMBER.1.to_owned())),
            ..hit("10000 rules: .mod of a team", &format!("{OF_TEAM}/@v/v1.0.0.mod"), MOD_HIT, go_mod().into_bytes())
        },
        Case {
            listener: Listener::Ruled,
            ..filtered(
                "10000 rules: 403",
                RULED_OUT,
                Expected { counter: Some("kind.mod.cache.none.class.4xx"), ..Expected::of(403) },
            )
        },
        filtered(
            "denied: 403",
            DENIED,
            Expected { counter: Some("kind.sumdb.cache.none.class.4xx"), ..Expected::of(403) },
        ),
        Case {
            target: Target::Unknown,
            ..filtered(
                "miss: 404 of upstream and storage",
                "",
                Expected {
                    cache: Some("upstream"),
                    counter: Some("kind.list.cache.upstream.class.4xx"),
                    callouts: 2,
                    ..Expected::of(404)
                },
            )
        },
        zip(SMALL, SMALL, SMALL_ZIP, Listener::Plain)?,
        zip("zip 200 KB: filter", SMALL, SMALL_ZIP, Listener::Filter)?,
        zip(LARGE, LARGE, LARGE_ZIP, Listener::Plain)?,
        zip("zip 5 MB: filter", LARGE, LARGE_ZIP, Listener::Filter)?,
        zip(PLAIN, PLAIN, PLAIN_ZIP, Listener::Plain)?,
        Case {
            base: PLAIN,
            ..filtered(
                "zip of text: read along",
                CHECKED_ZIP,
                Expected {
                    body: Some(site.fetched(CHECKED_ZIP)?),
                    cache: Some("upstream"),
                    counter: Some("kind.zip.cache.upstream.class.2xx"),
                    ..Expected::of(200)
                },
            )
        },
    ])
}

impl Target {
    /// The beginning of a path that nobody has asked for yet in this round; an owner's name goes on from there. Of one owner
    /// too much in vain would be refused.
    pub(super) fn unknown(round: &str) -> String {
        format!("/round-{round}.example.com/owner-")
    }
}

impl Expected {
    fn of(status: u16) -> Self {
        Self { status, body: None, cache: None, counter: None, callouts: 0 }
    }

    fn length(&self) -> u64 {
        self.body.as_ref().map_or(0, |body| body.len() as u64)
    }
}

impl Case {
    /// What is sent beside `host`: what the go command sends, as the filter reads all of it.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = self.header.iter().map(|(name, value)| (*name, value.as_str()));
        [("User-Agent", "Go-http-client/1.1"), ("Accept-Encoding", "gzip")].into_iter().chain(own)
    }

    /// Sends the request and compares the answer.
    ///
    /// What is to come from the index is asked for once before, for since the last round something else may have taken its
    /// place there.
    pub(super) fn check(&self, site: &Site, round: &str) -> Result<(), String> {
        let target = match &self.target {
            Target::Same(target) => target.clone(),
            Target::Unknown => Target::unknown(round) + "first/module/@v/list",
        };
        let request =
            self.headers().fold(Request::get(&target), |request, (name, value)| request.header(name, value));
        let send =
            || request.try_send(site.addr(self.listener)).map_err(|error| format!("{target}: {error}"));
        if matches!(self.target, Target::Same(_)) {
            send()?;
        }
        let answer = send()?;
        let expected = &self.expected;
        let cache = answer.header("x-modgate-cache");
        if (answer.status, cache) != (expected.status, expected.cache) {
            return Err(format!(
                "{target} is answered {} with x-modgate-cache {cache:?}, not {} with {:?}: {:.200}",
                answer.status,
                expected.status,
                expected.cache,
                answer.text()
            ));
        }
        match &expected.body {
            Some(body) if *body != answer.body => Err(format!(
                "{target} is answered with {} other bytes than the {} meant",
                answer.length,
                body.len()
            )),
            _ => Ok(()),
        }
    }

    /// The length of its answers, where they are large.
    pub(super) fn large_length(&self) -> Option<u64> {
        Some(self.expected.length()).filter(|length| *length >= LARGE_LENGTH)
    }

    /// How many answers a load came to. Of large ones a part are on their way when wrk stops, which cost as much so far.
    #[allow(clippy::cast_precision_loss, reason = "no run has 2^52 bytes")]
    pub(super) fn answers(&self, load: &Load) -> f64 {
        match self.expected.length() {
            length if length >= LARGE_LENGTH => load.bytes as f64 / length as f64,
            _ => load.requests as f64,
        }
    }

    /// Compares what wrk and the filter counted under load with what was meant.
    pub(super) fn check_load(
        &self,
        load: &Load,
        before: &BTreeMap<String, u64>,
        after: &BTreeMap<String, u64>,
    ) -> Result<(), String> {
        let expected = &self.expected;
        let refused = if expected.status >= 400 { load.requests } else { 0 };
        if load.requests == 0 || load.broken > 0 || load.refused != refused {
            return Err(format!("under load {load:?}, with {refused} answers of 400 and above meant"));
        }
        let length = expected.length();
        if load.bytes < load.requests * length {
            return Err(format!("under load {load:?}: that is less than {length} bytes each"));
        }
        // Those on their way when wrk stopped are counted by the filter alone.
        let answered = load.requests..=load.requests + CONNECTIONS;
        let mut callouts = 0;
        let mut counted = false;
        for (name, value) in after {
            // Envoy's gauges, among them, may fall.
            let more = value.saturating_sub(before.get(name).copied().unwrap_or_default());
            if name.starts_with(CALLOUTS) {
                callouts += more;
            } else if let Some(counter) = name.strip_prefix(ANSWERS).filter(|_| more > 0) {
                if expected.counter != Some(counter) || !answered.contains(&more) {
                    return Err(format!("under load {load:?}, and the filter counted {more} of {counter}"));
                }
                counted = true;
            }
        }
        if counted != expected.counter.is_some() {
            return Err(format!("under load the filter counted none of {:?}", expected.counter));
        }
        let meant = load.requests * expected.callouts..=(load.requests + CONNECTIONS) * expected.callouts;
        if !meant.contains(&callouts) {
            return Err(format!("under load {load:?}, and the filter made {callouts} callouts"));
        }
        Ok(())
    }
}

/// From here on the head, which wrk counts too, is nothing beside the body.
const LARGE_LENGTH: u64 = 100_000;

const MOD_HIT: &str = "kind.mod.cache.hit.class.2xx";
const ANSWERS: &str = "wasmcustom.modgate.requests_total.";
const CALLOUTS: &str = "wasmcustom.modgate.callouts_total.";
