//! The gateway as it is shipped, under attack: what somebody keeps it busy with must not be seen by anybody else.
//!
//! Each test has an attacker, people who ask for the usual meanwhile, and the memory of Envoy; the figures that have to hold
//! stand in `attack::bounds`. `make attack` sends as much as an attacker would and shows the table; without it each test is
//! a short form of itself.

mod calm;
mod hanging;
mod headers;
mod idle;
mod impatient;
mod lists;
mod poisoned;
mod ready;
mod stalled;
mod unread;
