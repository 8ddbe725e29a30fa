//! Whether an answer shows its own end.
//!
//! Over HTTP/1 an answer with neither a length nor chunks ends where the connection does (RFC 9112, section 6.3), and one that was cut
//! short looks like one that is whole. HTTP/2 ends every answer expressly. What the host (Envoy 1.40) hands over of each:
//!
//! | the answer | its headers | cut short |
//! |---|---|---|
//! | HTTP/1 with a length | `content-length` | no answer |
//! | HTTP/1.1 in chunks | `transfer-encoding: chunked` | no answer |
//! | HTTP/1 to the connection's end | neither; `connection: close` where that was said | **as if it were whole** |
//! | HTTP/2 with a length | `content-length` | no answer |
//! | HTTP/2 without | neither | no answer |
//!
//! The third and the last look the same, and nothing else tells which protocol it was: that is for the configuration to say.

use super::{Headers, Reply, ResponseHead};

impl Reply {
    /// Whether this is an answer to a GET that may have been cut short; `http2` says that it came over HTTP/2.
    pub fn may_be_cut(&self, http2: bool) -> bool {
        match self {
            Self::Answered { headers, body, .. } => match headers.first("content-length") {
                Some(length) => length.trim().parse() != Ok(body.len()),
                None => !shows_end(headers, http2),
            },
            Self::Failed(_) => false,
        }
    }
}

impl ResponseHead {
    /// Whether the body that follows may be cut short without a sign of it; `http2` says that it comes over HTTP/2.
    pub fn may_be_cut(&self, http2: bool) -> bool {
        !shows_end(&self.headers, http2)
    }
}

fn shows_end(headers: &Headers, http2: bool) -> bool {
    // HTTP/2 knows no `connection`.
    headers.has("content-length") || headers.has("transfer-encoding") || http2 && !headers.has("connection")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::CallFailure;

    #[test]
    fn an_end_is_shown_by_a_length_by_chunks_and_by_http_2() {
        for (headers, over_http1, over_http2) in [
            (&[("content-length", "4")][..], false, false),
            (&[("content-length", " 4 ")], false, false),
            (&[("transfer-encoding", "chunked")], false, false),
            (&[("transfer-encoding", "chunked"), ("connection", "close")], false, false),
            (&[("content-length", "4"), ("connection", "close")], false, false),
            (&[], true, false),
            (&[("date", "now"), ("content-type", "text/plain")], true, false),
            // whatever the configuration says
            (&[("connection", "close")], true, true),
            (&[("content-length", "5")], true, true),
            (&[("content-length", "3")], true, true),
            (&[("content-length", "many")], true, true),
        ] {
            let headers: Headers = headers.iter().copied().collect();
            let reply = Reply::Answered { status: 200, headers, body: b"four".to_vec() };
            assert_eq!(
                (reply.may_be_cut(false), reply.may_be_cut(true)),
                (over_http1, over_http2),
                "{reply:?}"
            );
        }
        assert!(!Reply::Failed(CallFailure::Broken).may_be_cut(false));
    }
}
