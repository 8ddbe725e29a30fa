//! Where an upstream's redirects lead, and what goes along there.
//!
//! An upstream may redirect to another address of its own, and to other hosts that the configuration lists. What was configured for the
//! upstream, its credentials above all, never goes to another host; nor does it go along any more once a redirect has led away, wherever
//! the next one leads. An address may be signed, and gives access to every reader. So it is used and forgotten, and messages show no more
//! of it than the host.

mod resolve;

use std::fmt;

use serde::{Deserialize, Serialize};

use self::resolve::{canonical, resolve};
use crate::{
    config::{Endpoint, Scheme},
    http::{Callout, Reply},
};

/// The redirects of one question, as far as they were followed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Trail {
    /// The address that the last one led to.
    at: Option<Address>,
    /// Every address that was asked, in order.
    asked: Vec<String>,
}

/// An address that a redirect led to. Its `Debug` leaves out everything behind the host, which may be a credential.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The cluster that reaches it.
    pub cluster: String,
    /// The scheme of requests to it.
    pub scheme: Scheme,
    /// `:authority`.
    pub authority: String,
    /// `:path`, with its query.
    pub path: String,
    /// Whether a redirect has led away from the first host, here or before: what is configured for that one stays behind.
    pub strayed: bool,
}

/// Where the reply to a question leads on to: the `Location` of one of the redirects that are followed (RFC 9110, section 15.4). 300
/// is a choice for a person, 304 is no redirect, 305 and 306 are not in use.
pub fn leads_to(reply: &Reply) -> Option<&str> {
    match reply {
        Reply::Answered { status: 301 | 302 | 303 | 307 | 308, headers, .. } => {
            headers.first("location").filter(|location| !location.trim().is_empty())
        }
        Reply::Answered { .. } | Reply::Failed(_) => None,
    }
}

impl Trail {
    /// Whether no redirect was followed.
    pub fn is_empty(&self) -> bool {
        self.at.is_none()
    }

    /// The address that is asked now, where a redirect led there.
    pub fn at(&self) -> Option<&Address> {
        self.at.as_ref()
    }

    /// `callout`, which asks the first address of `endpoint`, made to ask the one that the trail has led to.
    pub fn lead(&self, mut callout: Callout, endpoint: &Endpoint) -> Callout {
        let Some(at) = &self.at else { return callout };
        if at.strayed {
            callout
                .headers
                .retain(|header| GOES_ALONG.contains(&&*header.0) && !endpoint.headers.contains(header));
        }
        callout.cluster.clone_from(&at.cluster);
        callout.scheme = at.scheme.as_str();
        callout.authority.clone_from(&at.authority);
        callout.path.clone_from(&at.path);
        callout
    }

    /// The trail with one redirect more, to `location`, which `sent` was answered; else why it is not followed, as the end of a
    /// sentence that begins with who redirects. `place` is whose configuration is to say more.
    pub fn follow(
        &self,
        sent: &Callout,
        location: &str,
        endpoint: &Endpoint,
        place: &str,
    ) -> Result<Self, String> {
        let from = Base { scheme: sent.scheme, authority: &sent.authority, path: &sent.path };
        let mut asked = self.asked.clone();
        asked.push(format!("{}://{}{}", from.scheme, from.authority, from.path));
        if asked.len() > MAX_REDIRECTS {
            return Err(self.endless(&asked, endpoint, place));
        }
        let (scheme, authority, path) = resolve(&from, location)?;
        let own = canonical(&endpoint.authority, endpoint.scheme);
        let is_home = authority == own;
        let listed = if !is_home {
            let unlisted = || {
                format!(
                    "redirects to {authority}, which is not listed; add \"{authority}\": \"<cluster>\" to `redirects` of {place}"
                )
            };
            endpoint.redirects.cluster(&authority).ok_or_else(unlisted)?
        } else if scheme == endpoint.scheme {
            &endpoint.cluster
        } else {
            endpoint.redirects.cluster_of_its_own(&authority).unwrap_or(&endpoint.cluster)
        };
        // Another cluster may do without the TLS that this host was configured with.
        let is_laid_open =
            endpoint.scheme == Scheme::Https && scheme == Scheme::Http && listed != endpoint.cluster;
        let strayed = self.at.as_ref().is_some_and(|at| at.strayed) || !is_home || is_laid_open;
        let at = Address {
            cluster: listed.to_owned(),
            scheme,
            authority: if is_home && scheme == endpoint.scheme {
                endpoint.authority.clone()
            } else {
                authority
            },
            path,
            strayed,
        };
        Ok(Self { at: Some(at), asked })
    }

    /// Why it ends after so many.
    fn endless(&self, asked: &[String], endpoint: &Endpoint, place: &str) -> String {
        let is_loop =
            asked.iter().enumerate().any(|(n, address)| asked.iter().skip(n + 1).any(|a| a == address));
        if !is_loop {
            return format!("redirects more than {MAX_REDIRECTS} times");
        }
        // Asked for by https, a cluster without TLS brings the request to where it came from.
        let own = canonical(&endpoint.authority, endpoint.scheme);
        match &self.at {
            Some(at) if at.scheme != endpoint.scheme && at.authority == own => format!(
                "redirects in a loop, from {} to {}; where another cluster reaches that, add \"{own}\": \"<cluster>\" to \
                 `redirects` of {place}",
                endpoint.scheme.as_str(),
                at.scheme.as_str()
            ),
            _ => "redirects in a loop".to_owned(),
        }
    }
}

impl Address {
    /// Whether it is of another host than the one that was asked first, or a redirect led here by one.
    pub fn elsewhere(&self) -> Option<&str> {
        self.strayed.then_some(self.authority.as_str())
    }
}

impl fmt::Debug for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trail").field("at", &self.at).field("asked", &self.asked.len()).finish()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address")
            .field("cluster", &self.cluster)
            .field("scheme", &self.scheme)
            .field("authority", &self.authority)
            .field("strayed", &self.strayed)
            .finish_non_exhaustive()
    }
}

/// Where a redirect came from.
struct Base<'a> {
    scheme: &'static str,
    authority: &'a str,
    path: &'a str,
}

/// What goes along to another host: how the answer is to come and which part of it, and who asks. Nothing that was configured.
const GOES_ALONG: [&str; 5] = ["accept-encoding", "if-match", "if-none-match", "range", "user-agent"];

/// As many as Go's own client takes at most (net/http, `defaultCheckRedirect`). What redirects once more is taken for a loop.
const MAX_REDIRECTS: usize = 10;

#[cfg(test)]
mod tests;
