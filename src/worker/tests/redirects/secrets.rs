//! Whatever happens: what was configured for an upstream is told to nobody else, and a signed address is kept and shown nowhere.

use super::*;

/// A stream of numbers by which a case is chosen.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides).unwrap()
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len() as u64)]
    }
}

#[test]
fn no_credential_and_no_signature_gets_where_it_does_not_belong() {
    let mut routed_elsewhere = 0;
    let mut given = 0;
    for seed in 0..400 {
        let mut dice = Dice(seed);
        let more = dice.pick(&["", STREAMED, STORAGE]);
        let path = dice.pick(&[MOD, LIST, ZIP, "/example.com/m/@v/v1.0.0.info", "/example.com/m/@latest"]);
        let content = match path {
            MOD => GO_MOD,
            LIST => "v1.0.0\n",
            ZIP => EMPTY_ZIP,
            _ => INFO,
        };
        let mut world = world_of(&config(more), path, content);
        let locations = [
            &format!("https://store.test{SIGNED}")[..],
            "https://else.test/S1GNATURE",
            "https://home.test/back?t=S1GNATURE",
            "//me:S1GNATURE@store.test/again?S1GNATURE",
            "/S1GNATURE/x",
            "S1GNATURE",
            "http://store.test:81/S1GNATURE",
        ];
        for at in ["/back?t=S1GNATURE", "/again?S1GNATURE", "/S1GNATURE/x", "/S1GNATURE"] {
            for cluster in ["home", "store"] {
                let (status, location) =
                    ([200, 302, 307, 404, 403, 500][dice.roll(6)], dice.pick(&locations));
                let text = format!("see {location} or {at} https://store.test{SIGNED}");
                let body = if status == 200 { content } else { &text };
                let headers = [
                    ("location", location),
                    ("content-type", "text/plain"),
                    ("www-authenticate", "S1GNATURE"),
                ];
                world.cluster(cluster).answer(at, status, &headers, body);
            }
        }
        redirect(&mut world, path, 302, dice.pick(&locations));
        world.cluster("store").head_answered = [None, Some(403)][dice.roll(2)];
        let mut told = String::new();
        for worker in [0, 1, 0] {
            let method = if path == ZIP && dice.roll(3) == 0 { "HEAD" } else { "GET" };
            let stream = world.begin_with(worker, method, path, &[]);
            world.settle();
            match world.verdict(stream).clone() {
                Verdict::Respond(answer) => {
                    given += usize::from(answer.status == 200);
                    told.push_str(&format!(
                        "{:?} {:?}",
                        answer.headers,
                        String::from_utf8_lossy(&answer.body)
                    ));
                }
                Verdict::Route(route) => {
                    if route.cluster == "store" {
                        routed_elsewhere += 1;
                        assert!(route.confided.is_empty(), "{seed}");
                    }
                    let shown = route.set.iter().filter(|(name, _)| name != ":path");
                    assert!(
                        shown
                            .clone()
                            .all(|(_, value)| !value.contains(SIGNATURE) && !value.contains(CREDENTIAL)),
                        "{seed}"
                    );
                    let status = [200, 302, 403, 404, 503][dice.roll(5)];
                    let headers = [
                        ("date", "now"),
                        ("location", dice.pick(&locations)),
                        ("x-signed", SIGNATURE),
                        ("content-length", "22"),
                    ];
                    match world.answer_routed(worker, stream, status, &headers) {
                        Verdict::Respond(answer) => {
                            told.push_str(&format!("{:?} {:?}", answer.headers, answer.body));
                        }
                        Verdict::Edit(edit) => {
                            assert!(edit.remove.iter().any(|name| name == "location"), "{seed}");
                            told.push_str(&format!("{edit:?}"));
                        }
                        other => panic!("{other:?}"),
                    }
                }
                other => panic!("{seed}: {other:?}"),
            }
        }
        let log = world.log.join("\n");
        let counted: String = world.counters.keys().cloned().collect();
        for (place, text) in [("answers", &told), ("the log", &log), ("metrics", &counted)] {
            assert!(!text.contains(SIGNATURE) && !text.contains(CREDENTIAL), "{seed}: in {place}: {text}");
        }
        assert!(
            !world.gateways[0].memory.holds(SIGNATURE) && !world.gateways[0].memory.holds(CREDENTIAL),
            "{seed}: in shared data"
        );
        for (name, cluster) in &world.clusters {
            for callout in &cluster.callouts {
                let is_told = callout.headers.iter().any(|(_, value)| value.contains(CREDENTIAL));
                assert!(*name == "home" || !is_told, "{seed}: {name} was told {callout:?}");
                assert!(
                    *name == "home" || *name == "store" || !format!("{callout:?}").contains(SIGNATURE),
                    "{seed}"
                );
                assert!(
                    *name == "home" || callout.method == "GET" || *name == "storage",
                    "{seed}: {callout:?}"
                );
            }
        }
    }
    assert!(routed_elsewhere > 10 && given > 100, "{routed_elsewhere} {given}");
}
