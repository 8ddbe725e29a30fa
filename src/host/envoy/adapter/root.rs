//! The root context: one per worker and configuration. It reads the configuration and makes the callouts.

use std::{cell::RefCell, rc::Rc};

use proxy_wasm::{
    hostcalls,
    traits::{Context, HttpContext, RootContext},
    types::{BufferType, ContextType},
};

use super::{
    kv::{self, SharedData},
    link::Link,
    stream::Stream,
};
use crate::{
    config::Config,
    shared::{Capabilities, QueueId, Seat},
    worker::Worker,
};

pub(super) struct Root {
    context: u32,
    link: Option<Rc<RefCell<Link>>>,
    replaced: bool,
}

impl Root {
    pub(super) fn new(context: u32) -> Self {
        Self { context, link: None, replaced: false }
    }

    /// Something happened to the worker. A replaced configuration goes when nothing is under way in it any more.
    fn on(&mut self, event: impl FnOnce(&mut Link)) {
        let Some(link) = &self.link else {
            return;
        };
        let mut link = link.borrow_mut();
        event(&mut link);
        link.let_go();
        if self.replaced && link.is_idle() {
            self.replaced = false;
            link.finish();
            let _ = hostcalls::done();
        }
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        let text = hostcalls::get_buffer(BufferType::PluginConfiguration, 0, size)
            .ok()
            .flatten()
            .unwrap_or_default();
        if text.len() != size {
            log::error!("configuration refused: the host does not hand it over");
            return false;
        }
        let config = match Config::parse_bytes(&text) {
            Ok(config) => config,
            Err(problems) => {
                for problem in problems.to_string().lines() {
                    log::error!("configuration refused: {problem}");
                }
                return false;
            }
        };
        for warning in &config.warnings {
            log::warn!("configuration: {warning}");
        }
        let queue = kv::unique_number()
            .and_then(|number| hostcalls::register_shared_queue(&format!("modgate/worker/{number}")).ok());
        let Some(queue) = queue else {
            log::error!("the host gives this worker no queue of its own");
            return false;
        };
        let queue = QueueId(queue);
        let seat = Seat { queue, seed: kv::seed(), host: Capabilities::ALL };
        let link = Link::new(self.context, Worker::new(config, seat, &SharedData), queue);
        link.borrow_mut().start();
        self.link = Some(link);
        true
    }

    fn on_queue_ready(&mut self, queue: u32) {
        self.on(|link| link.open_mail(QueueId(queue)));
    }

    fn on_tick(&mut self) {
        self.on(Link::tick);
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream::new(context, self.link.clone())))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl Context for Root {
    fn on_http_call_response(
        &mut self,
        token: u32,
        num_headers: usize,
        body_size: usize,
        _num_trailers: usize,
    ) {
        self.on(|link| link.receive(token, num_headers, body_size));
    }

    fn on_done(&mut self) -> bool {
        let Some(link) = &self.link else {
            return true;
        };
        let mut link = link.borrow_mut();
        let idle = link.is_idle();
        if idle {
            link.finish();
        }
        self.replaced = !idle;
        idle
    }
}
