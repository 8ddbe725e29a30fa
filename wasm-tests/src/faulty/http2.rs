//! The same replies over HTTP/2: a body with or without a `content-length`, with trailers, or cut by a reset of its stream.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Instant;

use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use super::reply::{End, Reply};
use super::serve::{Outcome, rest, send_body};
use super::{Seen, Shared, lock};

/// Serves requests until one side ends it. The client must know beforehand that this is HTTP/2.
pub(super) async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let answer = service_fn(move |request| answer(request, Arc::clone(&shared)));
    // An error is a connection the other side, or the test, has ended.
    let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
}

/// An error resets the stream.
async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> io::Result<Response<Frames>> {
    let seen = seen(request).await?;
    let (tell_head, head) = oneshot::channel();
    let (frames, received) = mpsc::channel(4);
    // Scripts block: they wait for gates and for time.
    spawn_blocking(move || {
        if let Err(error) = perform(&shared, &seen, tell_head, &frames) {
            let _ = frames.blocking_send(Err(error));
        }
    });
    let head = head.await.map_err(|_| io::Error::from(io::ErrorKind::ConnectionAborted))?;
    Ok(head.map(|()| Frames(received)))
}

type Outlet = mpsc::Sender<io::Result<Frame<Bytes>>>;

fn perform(
    shared: &Shared,
    seen: &Seen,
    tell_head: oneshot::Sender<Response<()>>,
    frames: &Outlet,
) -> io::Result<()> {
    let open = shared.open.one();
    if !shared.forgetful.load(Ordering::Relaxed) {
        lock(&shared.seen).push(seen.clone());
    }
    let reply = shared.reply_to(seen);
    for pause in &reply.before_head {
        rest(pause, shared)?;
    }
    drop(open);
    if reply.end == End::CloseBeforeHead {
        return Ok(());
    }
    let outcome = Outcome::of(seen, &reply);
    let head = fields(&outcome.headers(&reply))?;
    let mut response = Response::builder().status(outcome.status).body(()).map_err(io::Error::other)?;
    *response.headers_mut() = head;
    let _ = tell_head.send(response);
    let Some((from, to)) = outcome.body else { return Ok(()) };
    let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    send_body(shared, &reply, from, to, &mut |chunk| {
        frames.blocking_send(Ok(Frame::data(Bytes::copy_from_slice(chunk)))).map_err(gone)
    })?;
    finish(&reply, frames)
}

fn finish(reply: &Reply, frames: &Outlet) -> io::Result<()> {
    if reply.end != End::Proper {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    if !reply.trailers.is_empty() {
        let trailers = Frame::trailers(fields(&reply.trailers)?);
        let _ = frames.blocking_send(Ok(trailers));
    }
    Ok(())
}

fn fields(pairs: &[(String, String)]) -> io::Result<HeaderMap> {
    let mut fields = HeaderMap::new();
    for (name, value) in pairs {
        let name: HeaderName = name.parse().map_err(io::Error::other)?;
        fields.append(name, HeaderValue::from_str(value).map_err(io::Error::other)?);
    }
    Ok(fields)
}

async fn seen(request: Request<Incoming>) -> io::Result<Seen> {
    let (head, mut incoming) = request.into_parts();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut seen = Seen {
        method: head.method.to_string(),
        target: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: Vec::new(),
        at: Instant::now(),
    };
    let next = |incoming: &mut Incoming, cx: &mut Context<'_>| Pin::new(incoming).poll_frame(cx);
    while let Some(frame) = std::future::poll_fn(|cx| next(&mut incoming, cx)).await {
        if let Ok(data) = frame.map_err(io::Error::other)?.into_data() {
            seen.body.extend_from_slice(&data);
        }
    }
    Ok(seen)
}

/// A body that another thread makes.
struct Frames(mpsc::Receiver<io::Result<Frame<Bytes>>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.0.poll_recv(cx)
    }
}
