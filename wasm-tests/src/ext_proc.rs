//! A server of Envoy's `ext_proc`: it is handed what passes and says each time that nothing is to be changed.
//!
//! Messages are read and written by their numbers in `envoy/service/ext_proc/v3/external_processor.proto`: an answer has the kind that
//! was asked, and is empty.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::HeaderMap;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::serving::Serving;

/// The server. It takes no more connections once dropped.
#[derive(Debug)]
pub struct ExtProc {
    addr: SocketAddr,
    seen: Seen,
    _serving: Serving,
}

/// How often each kind was asked.
type Seen = Arc<Mutex<BTreeMap<Kind, u64>>>;

/// What is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The head of a request.
    RequestHeaders,
    /// The head of a response.
    ResponseHeaders,
    /// A request's body, or a piece of it.
    RequestBody,
    /// A response's body, or a piece of it.
    ResponseBody,
}

impl Kind {
    /// By the number of its field in a `ProcessingRequest`, and that of its answer in a `ProcessingResponse`.
    const FIELDS: [(u8, u8, Self); 4] = [
        (2, 1, Self::RequestHeaders),
        (3, 2, Self::ResponseHeaders),
        (4, 3, Self::RequestBody),
        (5, 4, Self::ResponseBody),
    ];
}

impl ExtProc {
    /// Starts one.
    ///
    /// # Panics
    /// When loopback has no port left.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
        let addr = listener.local_addr().expect("its address");
        let seen = Seen::default();
        let told = Arc::clone(&seen);
        let serving = Serving::start(listener, move |stream| connection(stream, Arc::clone(&told)));
        Self { addr, seen, _serving: serving.expect("a thread for it") }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How often it was handed this.
    #[must_use]
    pub fn seen(&self, kind: Kind) -> u64 {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&kind).copied().unwrap_or_default()
    }
}

async fn connection(stream: TcpStream, seen: Seen) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let answers = Answers { asked: request.into_body(), read: Vec::new(), seen: Arc::clone(&seen), over: false };
        async { Response::builder().header("content-type", "application/grpc").body(answers) }
    });
    // An error is a connection the other side, or the test, has ended.
    let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
}

/// The answers to a stream of questions, one each.
struct Answers {
    asked: Incoming,
    read: Vec<u8>,
    seen: Seen,
    over: bool,
}

impl Answers {
    /// The answer to the first question that was read in whole; the question is taken out.
    fn next(&mut self) -> Option<io::Result<Bytes>> {
        let length = u32::from_be_bytes(self.read.get(1..5)?.try_into().ok()?) as usize;
        let message = self.read.get(5..5 + length)?;
        let known = fields(message).find_map(|number| Kind::FIELDS.iter().find(|(asked, ..)| *asked == number));
        let answer = known.map(|(_, answer, kind)| {
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner).entry(*kind).or_default() += 1;
            // Not compressed, two bytes: the field, and its length of none.
            Bytes::copy_from_slice(&[0, 0, 0, 0, 2, answer << 3 | 2, 0])
        });
        self.read.drain(..5 + length);
        Some(answer.ok_or_else(|| io::Error::other("a question of no known kind")))
    }
}

/// The numbers of the fields of a message, all of which are below 16 and have a length or are numbers.
fn fields(mut message: &[u8]) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let (&tag, rest) = message.split_first()?;
        let (value, rest) = varint(rest)?;
        message = if tag & 7 == 2 { rest.get(value..)? } else { rest };
        Some(tag >> 3)
    })
}

fn varint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let length = bytes.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let (number, rest) = bytes.split_at(length);
    Some((number.iter().rev().fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f)), rest))
}

impl Body for Answers {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        loop {
            if let Some(answer) = self.next() {
                return Poll::Ready(Some(answer.map(Frame::data)));
            }
            match std::task::ready!(Pin::new(&mut self.asked).poll_frame(cx)) {
                Some(Ok(frame)) => self.read.extend(frame.into_data().unwrap_or_default()),
                Some(Err(error)) => return Poll::Ready(Some(Err(io::Error::other(error)))),
                None if self.over => return Poll::Ready(None),
                None => {
                    self.over = true;
                    let mut trailers = HeaderMap::new();
                    trailers.insert("grpc-status", "0".parse().expect("a value"));
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
            }
        }
    }
}
