//! The filter in a real Envoy, with the real go command, nginx and modules: a suite each.
//!
//! One program, for every suite links the whole harness, and so that Envoys that have compiled the filter serve all of them
//! (`envoy::Builder::alone` says who has one of his own). `make test-e2e` runs more tests at once than there are cores: most of
//! them wait. Those in [`serial`] run afterwards, one by one.

#![cfg(not(target_arch = "wasm32"))]

mod advisories;
mod artifact;
mod beside;
mod bundle;
mod bytes;
mod callers;
mod catalogs;
mod clients;
mod clock;
mod clocks;
mod clusters;
mod coalesce;
mod configs;
mod crash;
mod cut;
mod downloads;
mod drain;
mod envoy_gateway;
mod evidence;
mod examples;
mod existing;
mod exposed;
mod faults;
mod faults_storage;
mod faulty;
mod faulty_http2;
mod feeds;
mod field_accepts;
mod field_clients;
mod field_egress;
mod field_flaky;
mod field_limits;
mod field_mirrors;
mod field_redirects;
mod field_slow;
mod fleet;
mod fresh;
mod front;
mod garage;
mod gateway;
mod gathered;
mod go;
mod harness;
mod hooks;
mod http2;
mod image;
mod liar;
mod lists;
mod mesh;
mod metrics;
mod mirror;
mod modules;
mod offline;
mod once;
mod pages;
mod passing;
mod pasted;
mod paths;
mod policy;
mod protocol;
mod ready;
mod redirect;
mod reload;
mod retracted;
mod room;
mod routing;
mod s3;
mod secure_link;
mod serial;
mod signing;
mod storage;
mod sumdb;
mod unwell;
mod uploads;
mod vanity;
mod verify;
mod whole;
mod xds;
mod zips;
