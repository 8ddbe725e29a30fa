//! Ctrl-C and its like, from the first moment on.

use std::process::exit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::process;

/// Whether the end was asked for.
#[derive(Debug)]
pub(super) struct Stopping {
    asked: Arc<AtomicBool>,
    stopped: Mutex<Receiver<i32>>,
}

impl Stopping {
    /// Takes SIGINT, SIGTERM and SIGHUP from now on. Upon one, every child is stopped and none can be started; what waits
    /// for a child then sees it end.
    pub(super) fn on_signals() -> Self {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).expect("handlers of signals");
        let asked = Arc::new(AtomicBool::new(false));
        let (done, stopped) = mpsc::channel();
        let flag = Arc::clone(&asked);
        thread::spawn(move || {
            let Some(signal) = signals.forever().next() else { return };
            flag.store(true, Ordering::SeqCst);
            process::stop_all();
            let _ = done.send(signal);
            // The main thread ends the process. Should it be stuck, nobody has to kill us.
            thread::sleep(Duration::from_secs(10));
            exit(128 + signal);
        });
        Self { asked, stopped: Mutex::new(stopped) }
    }

    /// Whether a signal has come.
    pub(super) fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// If a signal has come: waits until all children have ended; its number.
    pub(super) fn finished(&self) -> Option<u8> {
        if !self.asked() {
            return None;
        }
        let signal = self.stopped.lock().ok()?.recv_timeout(Duration::from_secs(10)).unwrap_or(SIGTERM);
        u8::try_from(signal).ok()
    }
}
