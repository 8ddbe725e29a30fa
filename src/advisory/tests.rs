//! Tests of what the files below do together.

use super::*;

#[test]
fn measure_whole() {
    let mut g = Gathering::default();
    for e in std::fs::read_dir("/tmp/h1/ID").unwrap() {
        let t = std::fs::read(e.unwrap().path()).unwrap();
        let r = osv::read(&t, false, Timestamp(1_800_000_000_000)).unwrap();
        g.add(&r).unwrap();
    }
    println!("{} records", g.len());
    let t = std::time::Instant::now();
    let mut e = Encoding::new(g);
    let bytes = loop {
        if let Some(b) = e.work() {
            break b.unwrap();
        }
    };
    println!("{} bytes {:?}", bytes.len(), t.elapsed());
    let t = std::time::Instant::now();
    let a = Advisories::decode(&bytes).unwrap();
    println!("{:?} {:?}", a.counts(), t.elapsed());
    std::fs::write("/tmp/h1/enc", &bytes).unwrap();
}
