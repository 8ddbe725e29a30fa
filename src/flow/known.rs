//! What a worker knows when it has to decide.

use super::{Mirror, Publications, Shelf, Sightings, SourceHealth, Wishes};
use crate::{
    config::Config,
    policy::InForce,
    shared::{Capabilities, Index},
};

/// What a worker knows, beside what all workers share.
#[derive(Debug)]
pub struct Known<'a> {
    /// How it is configured.
    pub config: &'a Config,
    /// What the host can do.
    pub host: Capabilities,
    /// Which rules are in force.
    pub in_force: &'a InForce,
    /// The index.
    pub index: &'a mut Index,
    /// The mirror of advisories, as far as it was made.
    pub mirror: &'a mut Mirror,
    /// When versions were published, as far as it has found out.
    pub publications: &'a Publications,
    /// How those are doing who are asked.
    pub source_health: &'a SourceHealth,
    /// What was said lately of rules that are not enforced.
    pub sightings: &'a mut Sightings,
    /// What may be shown of long lists, as far as it has found out.
    pub shelf: &'a mut Shelf,
    /// The modules of which it is to be found out what their authors say.
    pub wishes: &'a mut Wishes,
}
