//! Advisories as a polled document: what a source has of them, reduced to a table. The table is what is kept for the other workers.
//!
//! ```text
//!   zip       its file ──▶ all records ─────────────────────────────────────▶ table
//!   database  index/db.json ─ another ─▶ index/modules.json ┬ few ──▶ ID/*.json, one after the other ──▶ table
//!                                                           └ many ─▶ vulndb.zip, or where there is none ID/*.json
//! ```

mod database;

use self::database::{Changes, Index};
use super::polled::{Content, Installed, PollSource, Polled, Progress, entity_tag, if_none_match};
use crate::{
    advisory::{Advisories, Decoding, Encoding, Gathering, MAX_ZIP_BYTES, ZipReading, database_modified},
    config::{AdvisoryFormat, AdvisorySource},
    endpoint,
    goproxy::Etag,
    http::{Body, Callout, Headers, Timestamp, gzip::gzip},
    policy::InForce,
};

/// The advisories of one source.
#[derive(Debug)]
pub(super) struct AdvisoriesDocument {
    source: PollSource,
    /// What the configuration calls the source.
    name: String,
    format: AdvisoryFormat,
    is_malicious: bool,
    mirrored: bool,
    /// Those that were read and are to be kept as they are.
    records: Vec<(String, Vec<u8>)>,
    /// What this worker has installed.
    installed: Advisories,
    /// When the poll began.
    now: Timestamp,
    /// The cursor that it began with.
    cursor: Vec<u8>,
    /// The cursor that it ends with.
    next_cursor: Vec<u8>,
    /// What was asked for last.
    asked: Asked,
    state: State,
    /// Records of a database that were fetched one by one: what a poll that failed has of them, the next one need not ask for.
    fetched: database::Fetched,
}

/// What was asked for last.
#[derive(Debug)]
enum Asked {
    Zip,
    /// When the database was changed last.
    Database,
    /// What there is, of a database that was changed then.
    Modules(Timestamp),
    /// All of it in one file; the records that have changed.
    Archive(Box<Changes>),
    /// A record.
    Record(Box<Changes>),
}

#[derive(Debug)]
enum State {
    /// Nothing is being read.
    Idle,
    /// What came is what is in force already.
    Known,
    /// This came.
    Taken(Body),
    Zip(Body, Box<ZipReading>),
    Index(Box<Index>, Timestamp),
    /// What has changed goes into what was in force.
    Merging(Box<Changes>, usize, Gathering),
    Encoding(Box<Encoding>),
    Decoding(Box<Decoding<Body>>, Body),
    Read(Advisories, Body),
}

impl AdvisoriesDocument {
    /// `mirrored` says whether its records are kept as they are.
    pub(super) fn new(source: &AdvisorySource, stale_after: std::time::Duration, mirrored: bool) -> Self {
        let AdvisorySource { name, endpoint, interval, format, is_malicious } = source;
        let poll_source = PollSource {
            name: source.document(),
            title: format!("advisories {name}"),
            section: "advisories.sources".to_owned(),
            // What a source told of malice says something else once it is not of malice any more; and where a mirror is served, all records
            // have to be read once more.
            variant: match (is_malicious, mirrored) {
                (false, false) => "",
                (true, false) => "malicious",
                (false, true) => "mirrored",
                (true, true) => "malicious_mirrored",
            },
            endpoint: endpoint.clone(),
            interval: *interval,
            most_bytes: MAX_ZIP_BYTES,
            stale_after: Some(stale_after),
        };
        Self {
            source: poll_source,
            name: name.clone(),
            format: *format,
            is_malicious: *is_malicious,
            mirrored,
            records: Vec::new(),
            installed: Advisories::default(),
            now: Timestamp::default(),
            cursor: Vec::new(),
            next_cursor: Vec::new(),
            asked: Asked::Zip,
            state: State::Idle,
            fetched: database::Fetched::default(),
        }
    }

    fn get(&self, path: &str) -> Callout {
        endpoint::get(&self.source.endpoint, path)
    }

    /// Goes on with what came.
    fn taken(&mut self, body: Body) -> Progress {
        match std::mem::replace(&mut self.asked, Asked::Zip) {
            Asked::Zip | Asked::Archive(_) => self.begin_zip(body),
            Asked::Database => match database_modified(&body) {
                Ok(modified) => self.judge(modified),
                Err(error) => wrong(&error),
            },
            Asked::Modules(modified) => match Index::new(&body) {
                Ok(index) => self.more(State::Index(Box::new(index), modified)),
                Err(error) => wrong(&error),
            },
            Asked::Record(mut changes) => match changes.take(&body, self.is_malicious, self.now) {
                Ok(record) => {
                    if self.mirrored {
                        self.records.push((record.id.clone(), gzip(&body)));
                    }
                    self.fetched.keep(record);
                    self.ask_next(changes)
                }
                Err(error) => wrong(&error),
            },
        }
    }

    fn begin_zip(&mut self, body: Body) -> Progress {
        let mut reading = ZipReading::new(self.is_malicious, self.now);
        if self.mirrored {
            reading.keep_records();
        }
        self.more(State::Zip(body, Box::new(reading)))
    }

    /// The database was changed last at `modified`. What it says is compared with what it said, and never with the clock: copies of it lag.
    fn judge(&mut self, modified: Timestamp) -> Progress {
        if !self.cursor.is_empty() && self.cursor == cursor_of(modified) {
            return Progress::Read { cursor: self.cursor.clone(), content: Content::Same };
        }
        if let Some(why) = self.goes_back(modified) {
            return Progress::Wrong(vec![why]);
        }
        self.asked = Asked::Modules(modified);
        Progress::Ask(Box::new(self.get("index/modules.json")))
    }

    /// Why a database that was changed last at `modified` is not taken, if it is older than the one in force.
    fn goes_back(&self, modified: Timestamp) -> Option<String> {
        let had = self.installed.modified();
        let (theirs, ours) = (modified.rfc3339(), had.rfc3339());
        (modified < had && !self.cursor.is_empty())
            .then(|| format!("it was changed last at {theirs}, and the one in force at {ours}"))
    }

    /// It is known what there is: what of it has changed is asked for.
    fn ask_changes(&mut self, index: Index, modified: Timestamp) -> Progress {
        self.next_cursor = cursor_of(modified);
        let changes = Box::new(Changes::new(index, &self.installed, &self.fetched, modified));
        if changes.left() <= MAX_SINGLE {
            return self.ask_next(changes);
        }
        self.asked = Asked::Archive(changes);
        Progress::Ask(Box::new(self.get("vulndb.zip")))
    }

    /// Asks for the next record that has changed, or goes on without.
    fn ask_next(&mut self, changes: Box<Changes>) -> Progress {
        let Some(path) = changes.next_path() else {
            return self.more(State::Merging(changes, 0, Gathering::default()));
        };
        self.asked = Asked::Record(changes);
        Progress::Ask(Box::new(self.get(&path)))
    }

    fn encode(&mut self, gathering: Gathering) -> Progress {
        self.more(State::Encoding(Box::new(Encoding::new(gathering))))
    }

    fn decode(&mut self, body: Body) -> Progress {
        match Decoding::new(body.clone()) {
            Ok(decoding) => self.more(State::Decoding(Box::new(decoding), body)),
            Err(error) => wrong(&error),
        }
    }

    fn more(&mut self, state: State) -> Progress {
        self.state = state;
        Progress::More
    }
}

impl Polled for AdvisoriesDocument {
    fn source(&self) -> &PollSource {
        &self.source
    }

    fn begin(&mut self, cursor: &[u8], now: Timestamp) -> Callout {
        (self.state, self.now, self.cursor) = (State::Idle, now, cursor.to_vec());
        self.next_cursor.clear();
        match self.format {
            AdvisoryFormat::Database => {
                self.asked = Asked::Database;
                self.get("index/db.json")
            }
            AdvisoryFormat::Zip => {
                self.asked = Asked::Zip;
                let endpoint = &self.source.endpoint;
                let path = if endpoint.path_prefix.is_empty() { "/" } else { &endpoint.path_prefix };
                let tag = cursor.get(DIGEST..).unwrap_or_default();
                if_none_match(endpoint::request(endpoint, "GET", path.to_owned()), tag)
            }
        }
    }

    fn take(&mut self, headers: &Headers, body: Body, digest: &Etag) {
        // A source without entity tags sends the same zip each time, which need not be read once more.
        if matches!(self.asked, Asked::Zip) {
            self.next_cursor = [&digest.0[..], &entity_tag(headers)].concat();
            if self.cursor.get(..DIGEST).is_some_and(|known| known == digest.0) {
                self.state = State::Known;
                return;
            }
        }
        self.state = State::Taken(body);
    }

    fn absent(&mut self) -> Option<Callout> {
        match std::mem::replace(&mut self.asked, Asked::Zip) {
            Asked::Archive(changes) => match self.ask_next(changes) {
                Progress::Ask(callout) => Some(*callout),
                _ => None,
            },
            asked => {
                self.asked = asked;
                None
            }
        }
    }

    fn recall(&mut self, snapshot: Body) {
        (self.asked, self.state) = (Asked::Zip, State::Idle);
        self.cursor.clear();
        let _progress = self.decode(snapshot);
    }

    fn work(&mut self) -> Progress {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Known => {
                self.state = State::Known;
                Progress::Read { cursor: self.next_cursor.clone(), content: Content::Same }
            }
            State::Idle => Progress::Wrong(vec!["nothing was read".to_owned()]),
            State::Taken(body) => self.taken(body),
            State::Zip(body, mut reading) => {
                let read = reading.work(&body);
                self.records = reading.records();
                match read {
                    Ok(None) => self.more(State::Zip(body, reading)),
                    Ok(Some(read)) => self.zip_read(read.gathering, read.modified),
                    Err(error) => wrong(&error),
                }
            }
            State::Index(mut index, modified) => match index.work() {
                Ok(false) => self.more(State::Index(index, modified)),
                Ok(true) => self.ask_changes(*index, modified),
                Err(error) => wrong(&error),
            },
            State::Merging(changes, place, mut gathering) => {
                match changes.merge(&self.installed, &self.fetched, place, &mut gathering) {
                    Ok(Some(place)) => self.more(State::Merging(changes, place, gathering)),
                    Ok(None) => self.encode(gathering),
                    Err(error) => wrong(&error),
                }
            }
            State::Encoding(mut encoding) => match encoding.work() {
                None => self.more(State::Encoding(encoding)),
                Some(Ok(bytes)) => self.decode(bytes.into()),
                Some(Err(error)) => wrong(&error),
            },
            State::Decoding(mut decoding, body) => match decoding.work() {
                Ok(None) => self.more(State::Decoding(decoding, body)),
                Ok(Some(advisories)) => {
                    self.fetched = database::Fetched::default();
                    let content = Content::Bytes(body.to_vec());
                    self.state = State::Read(advisories, body);
                    Progress::Read { cursor: self.next_cursor.clone(), content }
                }
                Err(error) => wrong(&error),
            },
            State::Read(advisories, body) => {
                let content = Content::Bytes(body.to_vec());
                self.state = State::Read(advisories, body);
                Progress::Read { cursor: self.next_cursor.clone(), content }
            }
        }
    }

    fn records(&mut self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut self.records)
    }

    fn install(&mut self, in_force: &mut InForce) -> Installed {
        let State::Read(advisories, _) = std::mem::replace(&mut self.state, State::Idle) else {
            return Installed::default();
        };
        self.installed = advisories.clone();
        let (records, entries) = advisories.counts();
        let version = advisories.modified().0 / 1000;
        in_force.note_version(self.source.name.clone(), version);
        in_force.replace_advisories(&self.name, advisories);
        let extent = format!("of {records} records with {entries} entries");
        Installed { version, extent, warnings: Vec::new() }
    }
}

impl AdvisoriesDocument {
    /// A zip was read to its end. The one of a database says when that was changed, which the next poll goes on from.
    fn zip_read(&mut self, mut gathering: Gathering, modified: Option<Timestamp>) -> Progress {
        if let Some(modified) = modified {
            if let Some(why) = self.goes_back(modified) {
                return Progress::Wrong(vec![why]);
            }
            gathering.note_modified(modified);
            if self.format == AdvisoryFormat::Database {
                self.next_cursor = cursor_of(modified);
            }
        }
        self.encode(gathering)
    }
}

/// The cursor of a database that was changed last then.
fn cursor_of(modified: Timestamp) -> Vec<u8> {
    modified.0.to_string().into_bytes()
}

fn wrong(error: &impl std::fmt::Display) -> Progress {
    Progress::Wrong(vec![error.to_string()])
}

/// The cursor of a zip begins with its digest; its entity tag follows.
const DIGEST: usize = Etag::LEN;

/// Records that are asked for one by one. What comes on a day is a few dozen; more are fetched at once, which is 3 MB.
const MAX_SINGLE: usize = 64;
