//! What may come of something, each a word that stands in logs, in metrics and in their documentation.

use std::fmt;

use crate::{
    http::{CallFailure, Reply},
    words::words,
};

words! {
    /// What a record of the index says that made room for another.
    pub enum Evicted {
        /// What was found.
        Found = "found",
        /// That there is none.
        Missing = "missing",
    }
}

words! {
    /// What a line of a feed was.
    pub enum FeedLine {
        /// Another gateway has read it.
        Heard = "heard",
        /// It tells of a version, and was not read before.
        New = "new",
        /// It tells of none.
        Odd = "odd",
    }
}

words! {
    /// What came of what gateways tell each other.
    pub enum FleetOutcome {
        /// Storage could not say what another gateway tells, or take what this one does.
        Failed = "failed",
        /// A hook of another gateway was heeded.
        Heard = "heard",
        /// Something was told that this gateway comes too late for.
        Missed = "missed",
        /// Another gateway has this one's place: this one takes another.
        Moved = "moved",
        /// A hook of this gateway is told to the others.
        Told = "told",
        /// What storage has is nothing that a gateway has written.
        Unreadable = "unreadable",
    }
}

words! {
    /// What came of a delivery to a webhook.
    pub enum HookOutcome {
        /// It is signed, and what it names is looked at again.
        Accepted = "accepted",
        /// It was signed too long ago.
        Late = "late",
        /// It is signed, and came before.
        Repeated = "repeated",
        /// It is signed, and no JSON.
        Unreadable = "unreadable",
        /// It is not signed, or wrongly.
        Unsigned = "unsigned",
        /// It is signed, and says nothing of a branch or a tag.
        Unwanted = "unwanted",
    }
}

words! {
    /// What came of what is likely to be asked for.
    pub enum ForecastOutcome {
        /// A document is asked for.
        Asked = "asked",
        /// Storage failed, or what it has is no forecast.
        Failed = "failed",
        /// A document is fresh when the hour begins without that.
        Fresh = "fresh",
        /// Storage has what was in use in an hour.
        Learnt = "learnt",
        /// There was no room to ask for a document before its hour began.
        Left = "left",
    }
}

words! {
    /// What came of a document that was to be asked for anew because of what the gateway was told.
    pub enum LookOutcome {
        /// It is asked for anew.
        Asked = "asked",
        /// Too many are to be asked for: it is asked for when a client wants it.
        Left = "left",
        /// It was to be asked for anyway.
        Merged = "merged",
        /// It was asked for meanwhile.
        Newer = "newer",
    }
}

words! {
    /// How a poll of a document ended.
    pub enum PollOutcome {
        /// Another one is in force.
        Changed = "changed",
        /// It could not be had.
        Failed = "failed",
        /// It is wrong, or too large.
        Invalid = "invalid",
        /// The one in force is still right.
        Unchanged = "unchanged",
    }
}

words! {
    /// Why a request was refused that no rule refuses. No rule may have one of these names.
    pub enum OwnReason {
        /// The body of a request cannot be taken: it is too large, too slow, or does not say how long it is.
        Body = "body",
        /// Too much waits, or too much is under way.
        Budget = "budget",
        /// The caller could not be found out.
        Caller = "caller",
        /// No rule decides, and the default is to deny.
        Default = "default",
        /// The page is for the callers that the configuration names.
        Explain = "explain",
        /// It is no path at all, or no query of ours.
        Malformed = "malformed",
        /// The version is malicious.
        Malicious = "malicious",
        /// The method is neither GET nor HEAD.
        Method = "method",
        /// No checksum database may hear of the module.
        Nosumdb = "nosumdb",
        /// The rules are not there yet, or leave nothing.
        Policy = "policy",
        /// The module is private, and would be had from a source that does not name it.
        Private = "private",
        /// Its author has retracted the version.
        Retracted = "retracted",
        /// No such module, file or database can be here.
        Unknown = "unknown",
        /// A delivery of a webhook is not signed.
        Unsigned = "unsigned",
    }
}

words! {
    /// Why a request would have been refused if all of the policy were enforced, where that is no rule. No rule may have one of these names.
    pub enum Unruled {
        /// No rule decides, and the default is to deny.
        Default = "default",
        /// The version is malicious, whatever the rules say.
        Malicious = "malicious",
        /// Its author has retracted the version, and what is retracted is denied.
        Retracted = "retracted",
        /// A rule would decide by when the version was published, which is not known.
        Undated = "undated",
    }
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// For a reason of ours.
    Own(OwnReason),
    /// By a rule: what it is called.
    Rule(String),
}

impl From<OwnReason> for Reason {
    fn from(reason: OwnReason) -> Self {
        Self::Own(reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(reason) => reason.fmt(f),
            Self::Rule(name) => f.write_str(name),
        }
    }
}

words! {
    /// How a proof of what a checksum database gave ended.
    pub enum SumdbOutcome {
        /// What storage has is proven by its own head, while the database is down.
        Alone = "alone",
        /// The database could not be asked for all that the proof takes.
        Failed = "failed",
        /// The database has signed two histories.
        Fork = "fork",
        /// It does not hold.
        Forged = "forged",
        /// It holds.
        Proven = "proven",
    }
}

words! {
    /// What came of a go.mod or a zip that was read to its end.
    pub enum VerificationOutcome {
        /// Given: the database could not be asked.
        Accepted = "accepted",
        /// Not given: no memory is left to read it.
        Crowded = "crowded",
        /// Given: nothing is to be proven.
        Exempt = "exempt",
        /// Not given: its trailers came before all was read.
        Late = "late",
        /// Not given: the checksum database has another hash for it.
        Mismatch = "mismatch",
        /// Given: the checksum database has this hash for it.
        Ok = "ok",
        /// Not given: it is no module zip, or was cut short.
        Unfit = "unfit",
        /// Not given: what it has to be is not known.
        Unproven = "unproven",
    }
}

words! {
    /// What came of a write to storage that storage, or the filter, brought to an end.
    pub enum Ended {
        /// It was aborted for no recorded reason.
        Aborted = "aborted",
        /// Storage's answer lacks what the next request needs.
        Bad = "bad",
        /// Another writer writes or removes the object at the same time.
        Conflict = "conflict",
        /// Storage has other bytes.
        Differs = "differs",
        /// Storage has a zip there, which is compared when it is read.
        Exists = "exists",
        /// A streamed zip is not what it has to be.
        Flawed = "flawed",
        /// Storage has no room.
        Full = "full",
        /// A streamed zip: the client left, or the upstream broke off.
        Left = "left",
        /// A copy: the upstream gives no parts.
        NoRanges = "no_ranges",
        /// A copy: the upstream did not give it.
        NotGiven = "not_given",
        /// A streamed zip: storage did not keep up.
        Overrun = "overrun",
        /// Storage has the same bytes.
        Present = "present",
        /// Storage refused it.
        Refused = "refused",
        /// Too many are under way.
        Skipped = "skipped",
        /// A zip that is gathered: it came too slowly.
        Slow = "slow",
        /// Storage has taken it.
        Stored = "stored",
        /// A zip is larger than what may be held.
        TooLarge = "too_large",
        /// Storage did not say what it has.
        Unavailable = "unavailable",
        /// Its name is longer than storage can have.
        Unnameable = "unnameable",
        /// A streamed zip could not be proven.
        Unproven = "unproven",
        /// Storage does not know the kind of request.
        Unsupported = "unsupported",
    }
}

words! {
    /// What came of a write to storage.
    pub enum WriteOutcome {
        /// It came to an end.
        Ended(Ended),
        /// Storage gave no answer.
        Unanswered(CallFailure),
    }
}

impl WriteOutcome {
    /// Storage has taken it.
    pub const STORED: Self = Self::Ended(Ended::Stored);

    /// Whether storage has the bytes that were to be written.
    pub fn is_there(self) -> bool {
        matches!(self, Self::Ended(Ended::Stored | Ended::Present))
    }
}

impl From<Ended> for WriteOutcome {
    fn from(ended: Ended) -> Self {
        Self::Ended(ended)
    }
}

words! {
    /// What came of a file that was to be fetched before a client asks for it.
    pub enum PrewarmOutcome {
        /// No source could say.
        Failed = "failed",
        /// Too many others wait.
        Left = "left",
        /// No source has it.
        Missing = "missing",
        /// It is there: in storage, or on its way there.
        Ready = "ready",
        /// The policy refuses it.
        Refused = "refused",
    }
}

words! {
    /// The class of a status.
    pub enum StatusClass {
        /// Informational.
        Informational = "1xx",
        /// Successful.
        Successful = "2xx",
        /// A redirect, or not modified.
        Redirected = "3xx",
        /// The client's mistake, or there is none.
        Client = "4xx",
        /// The server's.
        Server = "5xx",
        /// There was no answer, or one with a status that there is none of.
        None = "none",
    }
}

impl StatusClass {
    /// That of a status.
    pub fn of(status: u16) -> Self {
        match status {
            100..=199 => Self::Informational,
            200..=299 => Self::Successful,
            300..=399 => Self::Redirected,
            400..=499 => Self::Client,
            500..=599 => Self::Server,
            _ => Self::None,
        }
    }

    /// That of what came of a callout.
    pub fn of_reply(reply: &Reply) -> Self {
        match reply {
            Reply::Answered { status, .. } => Self::of(*status),
            Reply::Failed(_) => Self::None,
        }
    }
}
