//! What holds at any time, in the end, and once all are well again.

use super::*;
use crate::shared::SharedKv as _;

impl Run {
    /// Those who have everything, or never will, leave.
    pub(super) fn see(&mut self) {
        let (world, seed) = (&self.world, self.seed);
        // What nothing proves is given, and stored nowhere.
        let may_lie = may_lie(seed);
        self.clients.retain(|stream, client| match world.verdict(*stream) {
            Verdict::Wait => true,
            Verdict::Respond(answer) => {
                let is_true = answer.body[..] == truth(client.number, client.file)[..];
                assert!(answer.status != 200 || is_true || may_lie, "seed {seed}: {}", client.file);
                let is_plain = matches!(answer.status, 200 | 502 | 503 | 504);
                assert!(is_plain, "seed {seed}: {} {:?}", client.file, answer);
                false
            }
            Verdict::Route(_) if matches!(client.body, Coming::Head) => true,
            _ => {
                let download = world.download(*stream);
                let is_true = download.got == truth(client.number, "zip");
                assert!(!is_true || download.fate != Fate::Open || !matches!(client.body, Coming::Bytes(_)));
                assert!(
                    download.fate != Fate::Complete || is_true || may_lie,
                    "seed {seed}: a lie was given"
                );
                download.fate == Fate::Open
            }
        });
    }

    /// Whatever is in storage is true, and where there is an `.info` there is all of the version.
    pub(super) fn assert_stored_truth(&self) {
        for number in 0..SIZES.len() {
            let has = ["info", "mod", "zip"].map(|file| {
                let bytes = storage(&self.world).bytes(&self.stored_as(number, file));
                let is_true = bytes.is_none_or(|bytes| bytes == &truth(number, file)[..]);
                assert!(is_true || is_spoiled(self.seed), "seed {}: {file} in storage", self.seed);
                bytes.is_some()
            });
            assert!(!has[0] || has == [true; 3], "seed {}: {has:?}", self.seed);
        }
    }

    /// For a storage that takes no parts, each worker holds one large zip at most, beside those that every worker may hold.
    pub(super) fn assert_little_is_held(&mut self) {
        for worker in (0..index(WORKERS)).filter(|_| is_webdav(self.seed)) {
            let held = self.world.worker(worker).storage.may_hold();
            assert!(held <= GATHERED + SIZES.len() * 65_536, "seed {}: {held}", self.seed);
        }
    }

    /// All are done with everything, and nothing is held that nobody has.
    pub(super) fn finish(&mut self) {
        for cluster in CLUSTERS {
            let cluster = self.world.cluster(cluster);
            (cluster.fault, cluster.fault_of, cluster.refuse_put) = (None, None, false);
        }
        self.tell_the_truth();
        // Nothing settles while a download goes on.
        for _ in 0..10_000 {
            self.world.pass(5_000);
            self.see();
            if self.clients.is_empty() {
                break;
            }
            for stream in self.routed() {
                self.go_on(stream);
                self.see();
            }
        }
        let seed = self.seed;
        assert!(self.clients.is_empty(), "seed {seed}: somebody waits for ever");
        self.world.settle();
        assert!(self.world.is_idle(), "seed {seed}");
        for worker in 0..index(WORKERS) {
            let worker = self.world.worker(worker);
            assert!(worker.jobs().is_empty(), "seed {seed}: {:?}", worker.jobs());
            assert!(worker.services.budget.is_unused(), "seed {seed}: {:?}", worker.services.budget);
        }
        let left = self.world.log.iter().filter(|line| line.contains("lifecycle rule")).count();
        let open = storage(&self.world).bucket.open();
        assert!(open <= left + self.lost, "seed {seed}: {open} uploads are nobody's");
        if !self.has_crashed {
            let leases = self.world.gateways[0].memory.keys().filter(|key| key.starts_with("modgate/lease/"));
            let is_free =
                |key: &str| self.world.gateways[0].memory.get(key).is_none_or(|held| held.value.is_empty());
            assert!(leases.into_iter().all(is_free), "seed {seed}: a lease is held by nobody");
        }
    }

    /// Now that all are well again, everything is given, and stored in the end.
    pub(super) fn recover(&mut self) {
        let seed = self.seed;
        for round in 0..2 {
            self.world.pass(300_000);
            for number in 0..SIZES.len() {
                for file in ["info", "mod", "zip"] {
                    let worker = (number + index(seed)) % index(WORKERS);
                    let stream = self.world.begin(worker, &path(number, file));
                    self.clients.insert(stream, Client { worker, number, file, body: Coming::Head });
                    // What is routed has to begin soon.
                    for _ in 0..300 {
                        if *self.world.verdict(stream) == Verdict::Wait {
                            self.world.pass(100);
                        }
                    }
                    let before = self.world.verdict(stream).clone();
                    if let Verdict::Respond(answer) = before {
                        assert_eq!(answer.status, 200, "seed {seed}: {file} {answer:?}");
                    }
                    self.finish();
                    // Who is the first to read what is spoiled may find out too late.
                    if file == "zip" && (round == 1 || !is_spoiled(seed)) {
                        assert_eq!(self.world.download(stream).fate, Fate::Complete, "seed {seed}");
                    }
                }
            }
        }
        for number in 0..SIZES.len() {
            for file in ["zip", "mod", "info"] {
                let bytes = storage(&self.world).bytes(&self.stored_as(number, file));
                if is_spoiled(seed) {
                    continue;
                }
                let is_lost_again = file == "info" && is_forgetful(seed);
                assert!(
                    is_lost_again || bytes == Some(&truth(number, file)[..]),
                    "seed {seed}: {number}.{file}"
                );
            }
        }
    }
}
