//! The root context: one per worker and configuration. It reads the configuration and makes the callouts.

use std::{cell::RefCell, rc::Rc};

use proxy_wasm::{
    hostcalls,
    traits::{Context, HttpContext, RootContext},
    types::{BufferType, ContextType},
};

use super::{
    driver::Driver,
    kv::{self, SharedData},
    stream::Stream,
};
use crate::{
    config::Config,
    shared::{Capabilities, QueueId, Seat},
    worker::Worker,
};

pub(super) struct Root {
    context: u32,
    driver: Option<Rc<RefCell<Driver>>>,
    replaced: bool,
}

impl Root {
    pub(super) fn new(context: u32) -> Self {
        Self { context, driver: None, replaced: false }
    }

    /// Something happened to the worker. A replaced configuration goes when nothing is under way in it any more.
    fn on(&mut self, event: impl FnOnce(&mut Driver)) {
        let Some(driver) = &self.driver else {
            return;
        };
        let mut driver = driver.borrow_mut();
        event(&mut driver);
        driver.resume_some();
        if self.replaced && driver.is_idle() {
            self.replaced = false;
            driver.finish();
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
        let driver = Driver::new(self.context, Worker::new(config, seat, &SharedData), queue);
        driver.borrow_mut().start();
        self.driver = Some(driver);
        true
    }

    fn on_queue_ready(&mut self, queue: u32) {
        self.on(|driver| driver.open_mail(QueueId(queue)));
    }

    fn on_tick(&mut self) {
        self.on(Driver::tick);
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream::new(context, self.driver.clone())))
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
        self.on(|driver| driver.receive(token, num_headers, body_size));
    }

    fn on_done(&mut self) -> bool {
        let Some(driver) = &self.driver else {
            return true;
        };
        let mut driver = driver.borrow_mut();
        let idle = driver.is_idle();
        if idle {
            driver.finish();
        }
        self.replaced = !idle;
        idle
    }
}
