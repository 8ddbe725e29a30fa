//! Who makes the weather: deploys, lets the upstream fail, and looks at the gateway after each hundredth of the day.

use std::thread;
use std::time::{Duration, Instant};

use super::company::Company;
use super::ledger::Touched;
use super::parameters::{FIRST_DEPLOYMENT, OUTAGE, OUTAGE_HALF, OUTAGE_OVER, SECOND_DEPLOYMENT};
use super::site::Site;
use super::weather::{Rule, Upstream};

/// A look at the gateway.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// Since the beginning.
    pub(super) at: Duration,
    pub(super) rss: u64,
    /// What clients had got.
    pub(super) touched: Touched,
    /// Requests to storage, upstream and checksum database so far.
    pub(super) sent: [u64; 3],
}

/// What was seen by who made the weather.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) samples: Vec<Sample>,
    pub(super) outage: Duration,
}

/// Makes the weather, and looks at the gateway after each hundredth.
pub(super) fn watch(company: &Company<'_>, site: &mut Site) -> Result<Watched, String> {
    let (begun, weather) = (Instant::now(), &company.weather);
    let mut samples = Vec::new();
    let mut outage = Duration::ZERO;
    for hundredth in 1..=100 {
        while company.answered() < company.plan.at(hundredth) {
            thread::sleep(STEP);
            if begun.elapsed() > LONGEST {
                return Err(format!("only {hundredth} % in {LONGEST:?}"));
            }
        }
        let usage = site.envoy.usage();
        samples.push(Sample { at: begun.elapsed(), rss: usage.rss, touched: company.touched(), sent: site.sent() });
        match hundredth {
            FIRST_DEPLOYMENT => site.deploy_rules()?,
            OUTAGE => {
                outage = begun.elapsed();
                weather.set_upstream(Upstream::Changes);
                site.upstream.refuse();
                weather.set_upstream(Upstream::Fails);
            }
            OUTAGE_HALF => {
                site.upstream.fail(true);
                site.upstream.listen();
                company.open_gate(OUTAGE_OVER);
            }
            OUTAGE_OVER => {
                outage = begun.elapsed().saturating_sub(outage);
                weather.set_upstream(Upstream::Changes);
                site.upstream.fail(false);
                weather.set_upstream(Upstream::Serves);
                company.open_gate(u64::MAX);
            }
            SECOND_DEPLOYMENT => {
                weather.set_rule(Rule::Coming);
                site.deploy_refusal()?;
                // Envoy counts a configuration when it hands it to the workers.
                thread::sleep(HANDED_OVER);
                weather.set_rule(Rule::InForce);
            }
            _ => {}
        }
    }
    Ok(Watched { samples, outage })
}

const STEP: Duration = Duration::from_millis(2);
const HANDED_OVER: Duration = Duration::from_millis(500);
/// A machine on which a day takes longer is too busy to say anything.
const LONGEST: Duration = Duration::from_secs(3 * 3600);
