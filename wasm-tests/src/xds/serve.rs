//! One stream of the protocol: what Envoy asks goes to the [`State`], and what that has for Envoy comes back.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost_reflect::prost::bytes::BytesMut;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::state::State;
use super::{lock, wire};

/// Serves streams until one side ends the connection.
pub(super) async fn connection(stream: TcpStream, state: Arc<Mutex<State>>) {
    let answer = service_fn(move |request| {
        let answer = answer(request, &state);
        async move { Ok::<_, Infallible>(answer) }
    });
    // An error is a connection that Envoy has ended.
    let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
}

fn answer(request: Request<Incoming>, state: &Arc<Mutex<State>>) -> Response<Frames> {
    let (frames, received) = mpsc::unbounded_channel();
    let mut response = Response::new(Frames(received));
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/grpc"));
    let path = request.uri().path();
    if path == PATH {
        let number = lock(state).opened(frames);
        tokio::spawn(listen(request.into_body(), number, Arc::clone(state)));
    } else {
        lock(state).complain(format!("asked for {path}"));
    }
    response
}

async fn listen(mut incoming: Incoming, number: u64, state: Arc<Mutex<State>>) {
    let mut buffer = BytesMut::new();
    let next = |incoming: &mut Incoming, cx: &mut Context<'_>| Pin::new(incoming).poll_frame(cx);
    while let Some(Ok(frame)) = std::future::poll_fn(|cx| next(&mut incoming, cx)).await {
        let Ok(data) = frame.into_data() else { continue };
        buffer.extend_from_slice(&data);
        match wire::decode(REQUEST, &mut buffer) {
            Ok(requests) => requests.iter().for_each(|request| lock(&state).asked(number, request)),
            Err(error) => lock(&state).complain(error),
        }
    }
    lock(&state).closed(number);
}

/// What is to go to Envoy. Trailers never come: Envoy ends the stream.
struct Frames(UnboundedReceiver<Bytes>);

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

const PATH: &str = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";
const REQUEST: &str = "envoy.service.discovery.v3.DeltaDiscoveryRequest";
