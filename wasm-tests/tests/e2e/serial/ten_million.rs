//! A day of a large company in seconds: what `make ten-million` does with ten million requests, and the same has to hold of it.

use modgate_wasm_tests::day::{self, Plan};

#[test]
fn a_day_with_two_deployments_and_an_outage_has_no_wrong_answer_and_costs_the_upstream_each_file_once() {
    let day = day::run(&Plan::short()).unwrap();
    println!("{}", day.text().unwrap());
    let faults = day.faults();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
