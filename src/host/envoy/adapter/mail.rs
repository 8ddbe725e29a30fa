//! What goes through shared queues: the worker's own bell, and messages between workers.
//!
//! A queue carries bytes, and every filter of the same `vm_id` can put some into it. The first byte says whether they are a bell or a
//! message. Other bytes are from another filter and are dropped.

use proxy_wasm::hostcalls;

use crate::shared::QueueId;

/// One message, as it arrived.
pub(super) enum Mail {
    /// The worker's own request to be called on its root context.
    Bell,
    /// Another worker's, for the core.
    Message(Vec<u8>),
}

/// Has the host call the root of the worker that owns `queue`, soon. Returns whether the host takes the bell.
pub(super) fn ring(queue: QueueId) -> bool {
    hostcalls::enqueue_shared_queue(queue.0, Some(&[BELL])).is_ok()
}

/// Sends a message. One to a worker that is gone is lost, as if the worker had gone a moment later.
pub(super) fn send(queue: QueueId, message: &[u8]) {
    let framed = [&[MESSAGE], message].concat();
    let _ = hostcalls::enqueue_shared_queue(queue.0, Some(&framed));
}

/// The next message of the queue, if there is one.
pub(super) fn next(queue: QueueId) -> Option<Mail> {
    loop {
        let mut bytes = hostcalls::dequeue_shared_queue(queue.0).ok().flatten()?;
        match bytes.first() {
            Some(&BELL) => return Some(Mail::Bell),
            Some(&MESSAGE) => return Some(Mail::Message(bytes.split_off(1))),
            _ => {}
        }
    }
}

const BELL: u8 = b'!';
const MESSAGE: u8 = b'>';
