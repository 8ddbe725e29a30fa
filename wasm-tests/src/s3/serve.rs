//! Connections of the object store: what goes wrong with a request is decided before `s3s` sees it.

use std::sync::Arc;
use std::time::Instant;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::objects::Objects;
use super::{Asked, Control, S3, Trouble, lock};

/// The store over `objects`, for its one pair of keys: requests without a signature are refused.
pub(super) fn service(objects: Objects) -> S3Service {
    let mut builder = S3ServiceBuilder::new(objects);
    builder.set_auth(SimpleAuth::from_single(S3::ACCESS_KEY, S3::SECRET_KEY));
    builder.build()
}

/// Serves requests until one side ends it.
pub(super) async fn connection(stream: TcpStream, service: S3Service, control: Arc<Control>) {
    let answer = service_fn(move |request| answer(request, service.clone(), Arc::clone(&control)));
    // An error is a connection the other side, or the test, has ended.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    service: S3Service,
    control: Arc<Control>,
) -> Result<Response<Body>, HttpError> {
    let asked = asked(&request);
    let trouble = lock(&control.trouble).as_ref().and_then(|choose| choose(&asked));
    let turn = {
        let mut all = lock(&control.asked);
        all.push(asked);
        all.len() - 1
    };
    match &trouble {
        Some(Trouble::Delay(time)) => sleep(*time).await,
        Some(Trouble::Held(gate)) => {
            let gate = gate.clone();
            // Nobody waits beyond the server's own end: the runtime drops this task then.
            let opened = spawn_blocking(move || gate.wait(MOST));
            let _ = opened.await;
        }
        Some(Trouble::Dropped) => return Err(silent()),
        Some(Trouble::Answer(..) | Trouble::AnswerLost) | None => {}
    }
    let response = match &trouble {
        Some(Trouble::Answer(status, body)) => refused(*status, body)?,
        _ => service.call(request.map(Body::from)).await?,
    };
    if matches!(trouble, Some(Trouble::AnswerLost)) {
        return Err(silent());
    }
    if let Some(asked) = lock(&control.asked).get_mut(turn) {
        asked.status = Some(response.status().as_u16());
    }
    Ok(response)
}

fn asked(request: &Request<Incoming>) -> Asked {
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Asked {
        method: request.method().to_string(),
        target: request.uri().to_string(),
        headers: request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        at: Instant::now(),
        status: None,
    }
}

fn refused(status: u16, body: &str) -> Result<Response<Body>, HttpError> {
    Response::builder()
        .status(status)
        .header("content-type", "application/xml")
        // An Envoy's own errors name no server.
        .header("server", "s3")
        .body(Body::from(body.to_owned()))
        .map_err(|error| HttpError::new(Box::new(error)))
}

/// An error of the service makes hyper close the connection.
fn silent() -> HttpError {
    HttpError::new("as told".into())
}

/// A gate nobody opens must not hold a test run for ever.
const MOST: std::time::Duration = std::time::Duration::from_secs(120);
