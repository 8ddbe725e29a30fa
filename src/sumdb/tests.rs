//! Proofs against a database that answers as golang.org/x/mod's does, and against those that lie.

mod forged;
mod goals;
mod golden;
mod values;
mod world;
