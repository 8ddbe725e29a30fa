//! What nothing may run beside: load and attacks, which need the whole machine and are judged by how others fare meanwhile.

mod advisories;
mod attack;
mod edits;
mod feeds;
mod flood;
mod load;
mod pushes;
mod ten_million;
