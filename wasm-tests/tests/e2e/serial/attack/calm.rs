//! What all others are compared with: nobody attacks.

use modgate_wasm_tests::attack::Trial;
use modgate_wasm_tests::attack::site::Site;

#[test]
fn everybody_is_served_when_nothing_happens() {
    let mut trial = Trial::alone("nothing at all");
    let site = Site::start(1);
    let others = site.bystander();
    trial.begin(&site.envoy);
    others.wait(1000);
    trial.size("-");
    trial.memory(&site.envoy);
    trial.others(others.stop());
    trial.end();
}
