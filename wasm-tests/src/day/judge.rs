//! Whether an answer is right.

use super::catalogue::Catalogue;
use super::client::{Answer, Expected};
use super::draw::Ask;
use super::ledger::Ledger;
use super::parameters::{Kind, REFUSED_MODULE};
use super::plan::Plan;
use super::weather::{Moment, Rule, Upstream};
use crate::sumdb::Sumdb;

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it has to be.
    Right,
    /// The upstream failed, and nobody had ever got what was asked for: the client is told when to come again.
    Excused,
    /// What is wrong with it.
    Wrong(String),
}

/// A request ready to be sent, and what its answer has to be.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) target: String,
    pub(super) tag: Option<&'a str>,
    /// Whether somebody had got it before this was sent.
    known: bool,
    body: Known<'a>,
}

#[derive(Debug)]
enum Known<'a> {
    Text(String),
    Bytes(&'a [u8]),
    Lookup(String),
    Head,
    Zip(&'a crate::body::Body),
    Nothing,
}

/// What is compared with.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) ledger: &'a Ledger,
    tiles: Vec<Vec<u8>>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(catalogue: &'a Catalogue, ledger: &'a Ledger) -> Self {
        let tiles = (0..catalogue.tiles()).map(|number| catalogue.tile(number)).collect();
        Self { catalogue, ledger, tiles }
    }

    pub(super) fn question(&'a self, ask: &Ask) -> Question<'a> {
        let known = self.ledger.known(ask);
        let (target, body) = self.wanted(ask);
        let tag = known.filter(|tag| ask.conditional && !tag.is_empty() && ask.kind != Kind::Zip);
        Question { target, tag, known: known.is_some(), body }
    }

    fn wanted(&'a self, ask: &Ask) -> (String, Known<'a>) {
        let (module, version) = (ask.module, ask.version);
        let file = |extension: &str| {
            Catalogue::target(module, &format!("@v/{}.{extension}", Catalogue::version(version)))
        };
        let of_sumdb = |path: &str| format!("/sumdb/{}/{path}", Sumdb::NAME);
        match ask.kind {
            Kind::Info => (file("info"), Known::Text(Catalogue::info(version))),
            Kind::Mod => (file("mod"), Known::Text(Catalogue::go_mod(module, version))),
            Kind::Zip => (file("zip"), Known::Zip(self.catalogue.zip(module, version))),
            Kind::List => (Catalogue::target(module, "@v/list"), Known::Text(self.catalogue.list())),
            Kind::Latest => (Catalogue::target(module, "@latest"), Known::Text(self.catalogue.latest())),
            Kind::Lookup => {
                let query = format!("{}@{}", Catalogue::escaped(module), Catalogue::version(version));
                let record = self.catalogue.lookup(module, version);
                (of_sumdb(&format!("lookup/{query}")), Known::Lookup(record))
            }
            Kind::Tile => {
                let number = usize::try_from(ask.number).unwrap_or(0) % self.tiles.len();
                (of_sumdb(&format!("tile/8/0/{number:03}")), Known::Bytes(&self.tiles[number]))
            }
            Kind::Head => (of_sumdb("latest"), Known::Head),
            Kind::Supported => (of_sumdb("supported"), Known::Nothing),
            Kind::UnknownModule => (format!("/nobody.example/m{}/@v/list", ask.number), Known::Nothing),
            Kind::UnknownVersion => {
                (Catalogue::target(module, &format!("@v/v1.{}.1.info", ask.number)), Known::Nothing)
            }
        }
    }

    pub(super) fn verdict(
        &self,
        ask: &Ask,
        question: &Question<'_>,
        answer: &Answer,
        sent: Moment,
        got: Moment,
    ) -> Verdict {
        let wrong = |what: &str| {
            Verdict::Wrong(format!(
                "{} {}: {what}; sent {sent:?}, answered {got:?}, {answer:?}",
                question.target,
                question.tag.unwrap_or_default()
            ))
        };
        if answer.status == 403 {
            return match (is_refused(ask), got.rule) {
                (true, Rule::Coming | Rule::InForce) => Verdict::Right,
                _ => wrong("no rule refuses it"),
            };
        }
        if is_refused(ask) && sent.rule == Rule::InForce {
            return wrong("a rule refuses it");
        }
        let is_unknown = matches!(ask.kind, Kind::UnknownModule | Kind::UnknownVersion);
        match answer.status {
            // "It could not be looked up" is a matter of the outage alone.
            502..=504 if !is_troubled(sent, got) => wrong("the upstream serves"),
            502..=504 if question.known => wrong("it was had before"),
            502..=504 if !of_upstream(ask.kind) => wrong("it is no upstream's"),
            502..=504 if !answer.retry_after => wrong("it does not say when to come again"),
            502..=504 => Verdict::Excused,
            404 | 410 if is_unknown && is_down(sent, got) => wrong("no source could know that"),
            404 | 410 if is_unknown => Verdict::Right,
            _ if is_unknown => wrong("nobody has that"),
            304 if question.tag.is_some() && answer.etag.as_deref() == question.tag => Verdict::Right,
            304 => wrong("not the answer that the client has"),
            200 if question.tag.is_some() => wrong("the client has it"),
            200 if !answer.right => wrong("another body"),
            200 if !self.ledger.served(ask, answer.etag.as_deref()) => wrong("another tag"),
            200 => Verdict::Right,
            _ => wrong("no such status"),
        }
    }
}

impl Question<'_> {
    pub(super) fn expected(&self) -> Expected<'_> {
        match &self.body {
            Known::Text(text) => Expected::Bytes(text.as_bytes()),
            Known::Bytes(bytes) => Expected::Bytes(bytes),
            Known::Lookup(record) => Expected::Around(record.as_bytes(), TREE),
            Known::Head => Expected::Around(b"", TREE),
            Known::Zip(body) => Expected::Body(body),
            Known::Nothing => Expected::Any,
        }
    }
}

/// Whether it is what the rule of the second deployment names. Tiles have no module.
fn is_refused(ask: &Ask) -> bool {
    let of_module = matches!(
        ask.kind,
        Kind::Info | Kind::Mod | Kind::Zip | Kind::List | Kind::Latest | Kind::Lookup | Kind::UnknownVersion
    );
    of_module && ask.module == REFUSED_MODULE
}

fn of_upstream(kind: Kind) -> bool {
    !matches!(kind, Kind::Lookup | Kind::Tile | Kind::Head | Kind::Supported)
}

/// Whether the outage may be the reason of what happened between the two.
fn is_troubled(sent: Moment, got: Moment) -> bool {
    let fair = |moment: Moment| moment.upstream == Upstream::Serves;
    let is_near = sent.since_outage.is_some_and(|millis| millis < AFTERMATH);
    !fair(sent) || !fair(got) || sent.changes != got.changes || is_near
}

/// Whether no upstream could be asked at any time between the two.
fn is_down(sent: Moment, got: Moment) -> bool {
    sent.upstream == Upstream::Fails && got.upstream == Upstream::Fails && sent.changes == got.changes
}

/// For how many milliseconds after an outage an answer may still say so: a failure is remembered for five seconds, and the tries that
/// were begun during it take three.
pub(super) const AFTERMATH: u64 = 10_000;

/// What a signed tree head begins with.
const TREE: &[u8] = b"go.sum database tree\n";

/// A tile is full of 256 records: a day has to have that many.
pub(super) fn is_large_enough(plan: &Plan) -> bool {
    plan.modules * plan.versions >= 256 && plan.modules > REFUSED_MODULE
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAIR: Moment = Moment { upstream: Upstream::Serves, changes: 0, rule: Rule::Absent, since_outage: None };
    const OUT: Moment = Moment { upstream: Upstream::Fails, changes: 2, ..FAIR };
    const RULED: Moment = Moment { changes: 4, rule: Rule::InForce, since_outage: Some(60_000), ..FAIR };

    fn answer(status: u16) -> Answer {
        Answer { status, retry_after: true, right: true, etag: Some("\"tag\"".to_owned()), ..Answer::default() }
    }

    #[test]
    fn what_is_right_depends_on_the_weather_and_on_what_was_had_before() {
        let catalogue = Catalogue::of(&Plan { modules: 13, versions: 20, ..Plan::short() });
        let ledger = Ledger::of(&catalogue);
        let judge = Judge::new(&catalogue, &ledger);
        let ask = |kind, module| Ask { kind, module, version: 3, number: 5, conditional: true };
        let says = |ask: Ask, answer: Answer, sent, got| {
            match judge.verdict(&ask, &judge.question(&ask), &answer, sent, got) {
                Verdict::Right => "right",
                Verdict::Excused => "excused",
                Verdict::Wrong(_) => "wrong",
            }
        };
        let (new, nobody, ruled) = (ask(Kind::Mod, 1), ask(Kind::UnknownModule, 1), ask(Kind::Zip, REFUSED_MODULE));
        let near = Moment { since_outage: Some(AFTERMATH - 1), changes: 4, ..FAIR };
        for (asked, got, sent, then, verdict) in [
            (new, answer(503), FAIR, FAIR, "wrong"),
            (new, answer(503), OUT, OUT, "excused"),
            (new, answer(503), near, near, "excused"),
            (new, answer(503), RULED, RULED, "wrong"),
            (new, Answer { retry_after: false, ..answer(503) }, OUT, OUT, "wrong"),
            (new, answer(404), FAIR, FAIR, "wrong"),
            (new, answer(304), FAIR, FAIR, "wrong"),
            (new, Answer { right: false, ..answer(200) }, FAIR, FAIR, "wrong"),
            (ask(Kind::Lookup, 1), answer(503), OUT, OUT, "wrong"),
            (nobody, answer(404), FAIR, FAIR, "right"),
            (nobody, answer(404), OUT, OUT, "wrong"),
            (nobody, answer(404), FAIR, OUT, "right"),
            (nobody, answer(503), OUT, OUT, "excused"),
            (nobody, answer(200), FAIR, FAIR, "wrong"),
            (ruled, answer(403), RULED, RULED, "right"),
            (ruled, answer(200), RULED, RULED, "wrong"),
            (ruled, answer(403), FAIR, FAIR, "wrong"),
            (ruled, answer(200), Moment { rule: Rule::Coming, ..FAIR }, RULED, "right"),
            (new, answer(403), RULED, RULED, "wrong"),
            // From here on clients have it.
            (new, answer(200), FAIR, FAIR, "right"),
            (new, answer(503), OUT, OUT, "wrong"),
            (new, answer(304), OUT, OUT, "right"),
            (new, answer(200), FAIR, FAIR, "wrong"),
            (new, Answer { etag: None, ..answer(304) }, FAIR, FAIR, "wrong"),
        ] {
            let shown = format!("{asked:?}: {got:?}, {sent:?}, {then:?}");
            assert_eq!(says(asked, got, sent, then), verdict, "{shown}");
        }
        let plain = Ask { conditional: false, ..new };
        assert_eq!(says(plain, answer(200), FAIR, FAIR), "right");
        assert_eq!(says(plain, Answer { etag: None, ..answer(200) }, FAIR, FAIR), "wrong", "another tag");
    }
}
