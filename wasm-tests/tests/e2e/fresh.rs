//! How old an answer may be: while all is well, while an upstream is slow or down, and as the upstream or a client wants it.

mod asked;
mod load;
mod outages;

use modgate_wasm_tests::http::Response;

const LIST: &str = "/fresh.example/m/@v/list";

/// Status and `x-modgate-cache`.
fn come_from(answer: &Response) -> (u16, &str) {
    (answer.status, answer.header("x-modgate-cache").unwrap_or("-"))
}
