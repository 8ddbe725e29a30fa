//! TEMP
use super::*;
use crate::{config::Config, http::Timestamp};
use std::time::Duration;
#[derive(Debug)]
pub struct Leases {
    seat: Seat,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    Led,
    Followed,
    Alone,
}
pub const LEASE: Duration = Duration::from_secs(2);
type R = (u32, u64, Vec<u32>);
impl Leases {
    pub fn new(_: &Config, seat: Seat) -> Self {
        Self { seat }
    }
    fn read(&self, kv: &dyn SharedKv, path: &str) -> (Option<Versioned>, Option<R>) {
        let v = kv.get(&format!("l/{path}"));
        let r = v.as_ref().and_then(|v| postcard::from_bytes::<R>(&v.value).ok());
        (v, r)
    }
    fn write(&self, kv: &mut dyn SharedKv, path: &str, v: Option<&Versioned>, r: Option<R>) -> bool {
        let b = r.map_or(vec![], |r| postcard::to_allocvec(&r).unwrap_or_default());
        kv.put(&format!("l/{path}"), &b, Expected::unchanged(v)).is_ok()
    }
    pub fn is_held(&self, kv: &dyn SharedKv, path: &str, now: Timestamp) -> bool {
        self.read(kv, path).1.is_some_and(|r| r.1 > now.0)
    }
    pub fn acquire(&self, kv: &mut dyn SharedKv, path: &str, now: Timestamp) -> Lease {
        let me = self.seat.queue.0;
        loop {
            let (v, r) = self.read(kv, path);
            match r {
                Some(mut r) if r.1 > now.0 && r.0 != me => {
                    if !r.2.contains(&me) {
                        r.2.push(me);
                    }
                    if self.write(kv, path, v.as_ref(), Some(r)) {
                        return Lease::Followed;
                    }
                }
                r => {
                    let mut w = r.map_or(vec![], |r| r.2);
                    w.retain(|q| *q != me);
                    if self.write(kv, path, v.as_ref(), Some((me, now.0 + 2000, w))) {
                        return Lease::Led;
                    }
                }
            }
        }
    }
    pub fn renew(&self, kv: &mut dyn SharedKv, path: &str, now: Timestamp) -> bool {
        let (v, r) = self.read(kv, path);
        match r {
            Some(r) if r.0 == self.seat.queue.0 => {
                self.write(kv, path, v.as_ref(), Some((r.0, now.0 + 2000, r.2)))
            }
            _ => false,
        }
    }
    pub fn release(&self, kv: &mut dyn SharedKv, path: &str) -> Vec<QueueId> {
        loop {
            let (v, r) = self.read(kv, path);
            match r {
                Some(r) if r.0 == self.seat.queue.0 => {
                    if self.write(kv, path, v.as_ref(), None) {
                        return r.2.into_iter().map(QueueId).collect();
                    }
                }
                _ => return vec![],
            }
        }
    }
}
