//! Whatever the rules, the versions, the callers and the order of requests: no route reveals or serves what is refused, and
//! none refuses what is not.
//!
//! The oracle reads the rules one after the other, as a person would, and knows nothing else of how a policy decides.

mod content;
mod hashed;

use self::content::Flaw;
use super::{super::random::Random, *};
use crate::{
    gomod::{ModulePath, Version},
    http::Timestamp,
    license::Licenses,
    policy::{Action, Caller, Policy, Rule},
};

const MODULES: [&str; 4] = ["one.test/m", "one.test/m/sub", "two.test/Up", "three.test/m"];
const VERSIONS: [&str; 7] =
    ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0-rc.1", "v1.4.0", "v1.5.0-RC.2", "v2.0.0+incompatible"];
/// The version in whose go.mod Go looks for retractions.
const NEWEST: &str = "v1.4.0";
const PSEUDO: &str = "v1.4.1-0.20230101000000-abcdefabcdef";
const CALLERS: [&str; 4] = ["", "ann", "bob", "team-a"];
const WORKERS: usize = 3;
/// Where its zip stands among the ways to a version.
const ZIP: usize = 2;

const GLOBS: [&str; 7] =
    ["*", "one.test", "one.test/m", "one.test/*/sub", "two.test/Up", "two.test/up", "t*.test/?*"];
const SETS: [&str; 12] = [
    r#""v1.0.0""#,
    r#"">=v1.1.0, <v1.3.0""#,
    r#"">=v1.4.0""#,
    r#""prerelease""#,
    r#""pseudo""#,
    r#""incompatible""#,
    r#""!release""#,
    r#""^v1.1.0""#,
    r#""~v1.4.0""#,
    r#""v1""#,
    r#""v1.0.0", "v1.4""#,
    r#""release""#,
];
const ADVISED: [&str; 7] = [
    "",
    r#""reviewed": true"#,
    r#""reviewed": true, "fixed": true"#,
    r#""fixed": false"#,
    r#""ids": ["GO-0", "GO-1"]"#,
    r#""older_than": "7d""#,
    r#""severity": ["critical"]"#,
];
const LICENSED: [&str; 5] = [
    r#""any": ["GPL-*"]"#,
    r#""any": ["gpl-3.0-only", "MIT"]"#,
    r#""any": ["GPL-*"], "unknown": true"#,
    r#""not": ["MIT"]"#,
    r#""not": ["MIT", "GPL-3.0-only"], "unknown": false"#,
];
const PRINCIPALS: [&str; 5] = ["@anonymous", "@authenticated", "ann", "team-*", "nobody"];

/// How far requests go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Online,
    Offline,
}

struct Run {
    world: World,
    random: Random,
    seed: u64,
    policy: Policy,
    reach: Reach,
    /// What upstream says of each module.
    known: Vec<Known>,
    /// Whether all zips were read at the beginning, so that all licences are known.
    is_read: bool,
}

#[derive(Clone)]
struct Known {
    module: ModulePath,
    /// All versions but [`PSEUDO`], each with when it was published.
    versions: Vec<(Version, Timestamp)>,
    latest: Version,
    master: Version,
    /// What the go.mod of [`NEWEST`] retracts.
    retracted: Vec<Version>,
    /// The advisories, about this module and others.
    flaws: Vec<Flaw>,
    /// What operators have listed as malicious.
    listed: Vec<Rule>,
    /// Under which licence each version is.
    licenses: Vec<(Version, Licenses)>,
    /// Whether rules that ask for licences count.
    licensing: bool,
}

/// What the rules come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Yes,
    No,
    Elsewhere,
}

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    List,
    Latest,
    Master,
    /// One of the ways to a version by its name.
    Named(usize, usize),
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let mut world = world(WORKERS, &config(""));
        let known = MODULES.map(|module| Known::publish(module, &mut world, &mut random)).into();
        let is_read = seed.is_multiple_of(3);
        let mut run =
            Self { world, random, seed, policy: Policy::default(), reach: Reach::Online, known, is_read };
        if is_read {
            run.read_all();
        }
        run
    }

    /// Has all zips read for their licences.
    fn read_all(&mut self) {
        reconfigure(&mut self.world, WORKERS, &config(r#""policy": {"licenses": true},"#));
        for known in &self.known {
            for at in 0..known.all().len() {
                assert_eq!(status(&mut self.world, &known.path(Asked::Named(at, ZIP))), 200);
            }
        }
        reconfigure(&mut self.world, WORKERS, &config(""));
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.random.next(0..=of.len() as u64 - 1)).unwrap()]
    }

    fn one_in(&mut self, of: u64) -> bool {
        self.random.next(1..=of) == 1
    }

    fn rule(&mut self) -> String {
        let mut fields = Vec::new();
        if self.one_in(4) {
            fields.push(format!(r#""exact": ["{}"]"#, self.pick(&MODULES)));
        } else {
            fields.push(format!(r#""modules": ["{}"]"#, self.pick(&GLOBS)));
        }
        if !self.one_in(3) {
            fields.push(format!(r#""versions": [{}]"#, self.pick(&SETS)));
        }
        if self.one_in(3) {
            fields.push(format!(r#""principals": ["{}"]"#, self.pick(&PRINCIPALS)));
        }
        if self.one_in(5) {
            fields.push(format!(r#""license": {{{}}}, "action": "deny""#, self.pick(&LICENSED)));
            if self.one_in(4) {
                fields.push(r#""enforce": false"#.to_owned());
            }
            return format!("{{{}}}", fields.join(", "));
        }
        fields.push(match self.random.next(0..=9) {
            0..=2 => r#""action": "allow""#.to_owned(),
            3..=5 => r#""action": "deny""#.to_owned(),
            6 => r#""action": "redirect""#.to_owned(),
            7 => r#""action": "redirect", "to": "https://other.test/x""#.to_owned(),
            n => format!(
                r#""action": "cooldown", "age": "{}"{}"#,
                self.pick(&["1h", "1d", "7d", "30d"]),
                if n == 9 { r#", "except": ["fixes"]"# } else { "" }
            ),
        });
        if self.one_in(3) {
            fields.push(format!(r#""advisories": {{{}}}"#, self.pick(&ADVISED)));
        }
        if self.one_in(3) {
            fields.push(r#""enforce": false"#.to_owned());
        }
        format!("{{{}}}", fields.join(", "))
    }

    /// Other rules come, for whatever index and storage have by now.
    fn rule_anew(&mut self) {
        let rules: Vec<_> = (0..self.random.next(0..=6)).map(|_| self.rule()).collect();
        let default = self.pick(&["allow", "allow", "deny"]);
        let listed: Vec<_> = (0..self.random.next(0..=3) / 2)
            .map(|n| {
                if self.one_in(2) {
                    let (known, at) = (self.random.next(0..=3), self.random.next(0..=7));
                    let known = &self.known[usize::try_from(known).unwrap()];
                    let hash = known.hash(usize::try_from(at).unwrap());
                    return format!(r#"{{"id": "CORP-{n}", "hashes": ["{hash}"]}}"#);
                }
                let (glob, versions) = (self.pick(&GLOBS[1..]), self.pick(&SETS));
                format!(r#"{{"id": "CORP-{n}", "modules": ["{glob}"], "versions": [{versions}]}}"#)
            })
            .collect();
        let waivers: Vec<_> = (0..self.random.next(0..=3)).map(|_| self.waiver()).collect();
        let flaws = Flaw::draw(&mut self.random);
        self.reach = self.pick(&[Reach::Online, Reach::Online, Reach::Offline]);
        let mode = if self.reach == Reach::Offline { r#""mode": "offline","# } else { "" };
        let text = config(&format!(
            r#"{mode}"policy": {{"enforce": {}, "default": "{default}", "rules": [{}], "malicious": [{}], "waivers": [{}]}},"#,
            !self.one_in(6),
            rules.join(",\n"),
            listed.join(", "),
            waivers.join(", ")
        ));
        let section = Config::parse(&text).unwrap_or_else(|problems| panic!("{problems}")).policy;
        for known in &mut self.known {
            (known.flaws, known.listed) = (flaws.clone(), section.malicious.to_vec());
        }
        self.policy = section.in_force().policy().clone();
        reconfigure(&mut self.world, WORKERS, &text);
        for worker in 0..WORKERS {
            let in_force = &mut self.world.worker(worker).services.in_force;
            in_force.replace_advisories("go", Flaw::table(&flaws));
        }
    }

    fn waiver(&mut self) -> String {
        let mut fields = vec![
            format!(r#""modules": ["{}"]"#, self.pick(&GLOBS)),
            format!(r#""ids": ["GO-{}", "CORP-0"]"#, self.random.next(0..=8)),
            // In the past, or to come; never near the time of a request.
            format!(
                r#""until": "{}""#,
                rfc3339(START + HOUR / 2 + 3 * DAY * self.random.next(0..=3) - 3 * DAY)
            ),
            r#""by": "ann", "reason": "known""#.to_owned(),
        ];
        if self.one_in(3) {
            fields.push(format!(r#""versions": [{}]"#, self.pick(&SETS)));
        }
        if self.one_in(3) {
            fields.push(format!(r#""principals": ["{}"]"#, self.pick(&PRINCIPALS)));
        }
        format!("{{{}}}", fields.join(", "))
    }

    /// Time passes. Where nothing is under way the clock jumps: to tick through days takes longer than all the rest.
    fn pass(&mut self, millis: u64) {
        if self.world.is_idle() && millis >= HOUR {
            self.world.set_clock(Timestamp(self.world.now.0 + millis));
        } else {
            self.world.pass(millis);
        }
    }

    /// Some clients come at once, and all are answered.
    fn ask(&mut self) {
        forget_asked(&mut self.world);
        let clients: Vec<_> = (0..self.random.next(1..=4))
            .map(|_| {
                let known = usize::try_from(self.random.next(0..=3)).unwrap();
                let asked = match self.random.next(0..=9) {
                    0..=2 => Asked::List,
                    3..=4 => Asked::Latest,
                    5 => Asked::Master,
                    _ => {
                        let version = usize::try_from(self.random.next(0..=7)).unwrap();
                        Asked::Named(version, usize::try_from(self.random.next(0..=3)).unwrap())
                    }
                };
                let worker = usize::try_from(self.random.next(0..=2)).unwrap();
                let caller = self.pick(&CALLERS);
                let method = self.pick(&["GET", "GET", "HEAD"]);
                let headers: &[(&str, &str)] = if caller.is_empty() { &[] } else { &[("x-user", caller)] };
                let path = self.known[known].path(asked);
                let stream = self.world.begin_with(worker, method, &path, headers);
                (worker, stream, known, asked, caller, method)
            })
            .collect();
        self.world.settle();
        for (worker, stream, known, asked, caller, method) in clients {
            self.download((worker, stream), known, asked, (caller, method));
            let got = end(&mut self.world, worker, stream);
            self.judge(known, (asked, method), caller, &got);
        }
        if self.reach == Reach::Offline {
            for cluster in ["public", "sum"] {
                assert_eq!(self.world.clusters[cluster].asked, [""; 0], "{}: offline", self.seed);
            }
        }
    }

    fn judge(&self, known: usize, (asked, method): (Asked, &str), caller: &str, got: &Got) {
        let known = &self.known[known];
        let unread = Known { licensing: false, ..known.clone() };
        let without = |version: &Version| unread.says(version, &self.policy, caller, self.world.now);
        let all = known.all();
        let is_open = all.iter().any(|version| {
            known.says(version, &self.policy, caller, self.world.now) != without(version)
                || known.would(version, &self.policy, caller, self.world.now)
                    != unread.would(version, &self.policy, caller, self.world.now)
        });
        let is_zip = matches!(asked, Asked::Named(_, ZIP)) && method == "GET";
        // What is known of licences depends on which zips were read, but for the zip itself.
        if is_open && !is_zip && !(self.is_read && self.reach == Reach::Online) {
            let shown = all.iter().filter(|version| {
                let named = format!("\"{version}\"");
                let is_shown = match asked {
                    Asked::Named(at, _) => **version == known.named(at),
                    _ => got.body.contains(&named) || got.body.lines().any(|line| line == version.as_str()),
                };
                got.status == 200 && is_shown
            });
            let refused: Vec<_> = shown.filter(|version| without(version) == Says::No).collect();
            assert!(refused.is_empty(), "seed {}: {refused:?} in {got:?}", self.seed);
            return;
        }
        if self.hashed(known, caller).next().is_some() {
            return self.judge_hashed(known, asked, caller, got);
        }
        let says =
            |caller: &str, version: &Version| known.says(version, &self.policy, caller, self.world.now);
        let context = || {
            let rules: Vec<_> = self.policy.rules().map(|rule| format!("{rule:?}")).collect();
            format!(
                "seed {}, {:?}: {}, {asked:?} by {caller:?}: {got:?}\nof {:?}, latest {}, master {}\nby {}",
                self.seed,
                self.reach,
                known.module,
                known.versions,
                known.latest,
                known.master,
                rules.join("\n")
            )
        };
        let is_whole = self.reach == Reach::Online;
        // What is retracted is known offline only where the go.mod that says so is stored; and what is denied has no say.
        let knows = |caller: &str| is_whole && !known.is_denied(NEWEST, &self.policy, caller, self.world.now);
        let expected = known.expected(asked, knows(caller), |version| says(caller, version));
        match (got.status, &expected) {
            (200, Expected::These(versions)) => {
                let got = got.body.lines().collect::<Vec<_>>();
                let is_among = |version: &&str| versions.iter().any(|one| one.as_str() == *version);
                assert!(got.iter().all(is_among), "{}", context());
                assert!(!is_whole || got.len() == versions.len(), "{}", context());
            }
            (200, Expected::Version(version)) if is_whole => {
                assert!(got.body.contains(&format!("\"{version}\"")), "{}", context());
            }
            (200, Expected::Version(_)) => {
                let revealed =
                    known.all().into_iter().find(|version| got.body.contains(&format!("\"{version}\"")));
                assert_ne!(says(caller, &revealed.unwrap()), Says::No, "{}", context());
            }
            (200, Expected::Served) | (302, Expected::Away) | (403, Expected::Refused) => {}
            // Where that is so whatever the version, nobody looks at the versions.
            (302, Expected::These(_) | Expected::Version(_)) => {
                let all = known.all();
                assert!(all.iter().all(|version| says(caller, version) == Says::Elsewhere), "{}", context());
            }
            (403, Expected::These(versions)) => assert!(versions.is_empty(), "{}", context()),
            // What is not stored, or what nobody asked for when all was open.
            (404, _) if !is_whole => {}
            // It depends on which versions are stored which of them is the newest.
            (403, Expected::Version(_)) if !is_whole && asked == Asked::Latest => {}
            (200, Expected::Refused) if !is_whole && asked == Asked::Latest => {
                let revealed =
                    known.all().into_iter().find(|version| got.body.contains(&format!("\"{version}\"")));
                assert_ne!(says(caller, &revealed.unwrap()), Says::No, "{}", context());
            }
            _ => panic!("expected {expected:?}\n{}", context()),
        }
        // Of a zip that is routed, nothing is said yet.
        if let Asked::Named(version, way) = asked
            && way != ZIP
            && matches!(got.status, 200 | 302 | 404)
        {
            let would = known.would(&known.named(version), &self.policy, caller, self.world.now);
            let would = would.filter(|says| way != 3 || *says != Says::Elsewhere);
            let undated = got.monitored.as_ref().is_some_and(|by| by.ends_with("; undated"))
                // Of what is not stored no age is known, and an enforced cool-down may decide.
                || got.status == 404 && !is_whole;
            let is_so = would.is_some_and(|says| says != Says::Yes) == got.monitored.is_some();
            let is_aged = |rule: &Rule| matches!(rule.action, Action::Cooldown(_));
            assert!(is_so || undated && self.policy.rules().any(is_aged), "{would:?}: {}", context());
        }
        let is_personal = CALLERS
            .iter()
            .any(|other| known.expected(asked, knows(other), |version| says(other, version)) != expected);
        if is_personal {
            // Of a zip that is routed, nothing is said yet.
            let is_kept_from_others = ["private", "no-store", ""]
                .contains(&got.cache_control.split(',').next().unwrap_or_default());
            assert!(is_kept_from_others, "another gets another: {}", context());
        }
        if matches!(got.status, 302 | 403) {
            assert_eq!(got.cache_control, "no-store", "{}", context());
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Expected {
    These(Vec<Version>),
    Version(Version),
    Served,
    Away,
    Refused,
}

impl Known {
    /// A module with some of the versions, of any age.
    fn publish(module: &str, world: &mut World, random: &mut Random) -> Self {
        let mut versions = Vec::new();
        for version in VERSIONS {
            // Half an hour beside every border: requests take time, and may not cross one.
            let ages = [HOUR / 2, 5 * HOUR + HOUR / 2, 3 * DAY + HOUR / 2, 10 * DAY + HOUR / 2, 400 * DAY];
            versions.push((version, ages[usize::try_from(random.next(0..=4)).unwrap()]));
        }
        publish(world, module, &versions);
        publish_as(world, module, PSEUDO, &info(PSEUDO, 6 * DAY + HOUR / 2));
        let [latest, master] = [0, 1].map(|_| match random.next(0..=9) {
            9 => (PSEUDO, 6 * DAY + HOUR / 2),
            n => versions[usize::try_from(n % 7).unwrap()],
        });
        resolve(world, module, "@latest", &info(latest.0, latest.1));
        resolve(world, module, "@v/master.info", &info(master.0, master.1));
        let read = |version: &str| Version::parse(version).unwrap();
        let retracted: Vec<&str> = VERSIONS.into_iter().filter(|_| random.next(0..=3) == 0).collect();
        let go_mod = format!("module {module}\nretract (\n{}\n)\n", retracted.join("\n"));
        world.cluster("public").serve(&upstream(module, &format!("@v/{NEWEST}.mod")), &go_mod);
        let retracted = retracted.into_iter().map(read).collect();
        let versions =
            versions.iter().map(|(version, age)| (read(version), Timestamp(START - age))).collect();
        let module = ModulePath::parse(module).unwrap();
        let (latest, master) = (read(latest.0), read(master.0));
        let mut known = Self {
            module,
            versions,
            latest,
            master,
            retracted,
            flaws: Vec::new(),
            listed: Vec::new(),
            licenses: Vec::new(),
            licensing: true,
        };
        for version in known.all() {
            let license = hashed::license_of(known.module.as_str(), version.as_str());
            let path = upstream(known.module.as_str(), &format!("@v/{version}.zip"));
            let zip = hashed::zip_of(known.module.as_str(), version.as_str());
            world.cluster("public").serve_bytes(&path, zip);
            known.licenses.push((version, Licenses::parse(license).unwrap_or_default()));
        }
        known
    }

    fn all(&self) -> Vec<Version> {
        (0..=self.versions.len()).map(|at| self.named(at)).collect()
    }

    fn named(&self, at: usize) -> Version {
        self.versions.get(at).map_or_else(|| Version::parse(PSEUDO).unwrap(), |(version, _)| version.clone())
    }

    fn path(&self, asked: Asked) -> String {
        let module = escaped(self.module.as_str());
        match asked {
            Asked::List => format!("/{module}/@v/list"),
            Asked::Latest => format!("/{module}/@latest"),
            Asked::Master => format!("/{module}/@v/master.info"),
            Asked::Named(version, way) => {
                by_name(self.module.as_str(), self.named(version).as_str())[way].clone()
            }
        }
    }

    fn says(&self, version: &Version, policy: &Policy, caller: &str, now: Timestamp) -> Says {
        let caller = Caller::new([caller.to_owned()]);
        if policy.is_enforced() && self.is_malicious(version, policy, (&caller, now)) {
            return Says::No;
        }
        let rules: Vec<_> = policy.rules().filter(|rule| policy.enforces(Some(rule))).collect();
        self.by(&rules, version, policy, (&caller, now)).map_or_else(
            || if policy.denies_by_default() && policy.enforces(None) { Says::No } else { Says::Yes },
            |(says, _)| says,
        )
    }

    /// What all rules come to, where one that is not enforced decides, or the default of a policy that is not.
    fn would(&self, version: &Version, policy: &Policy, caller: &str, now: Timestamp) -> Option<Says> {
        let caller = Caller::new([caller.to_owned()]);
        if self.is_malicious(version, policy, (&caller, now)) {
            return (!policy.is_enforced()).then_some(Says::No);
        }
        match self.by(&policy.rules().collect::<Vec<_>>(), version, policy, (&caller, now)) {
            Some((says, rule)) => (!policy.enforces(Some(rule))).then_some(says),
            None => (!policy.enforces(None) && policy.denies_by_default()).then_some(Says::No),
        }
    }

    /// What the first of these rules says that decides, and which that is.
    fn by<'r>(
        &self,
        rules: &[&'r Rule],
        version: &Version,
        policy: &Policy,
        (caller, now): (&Caller, Timestamp),
    ) -> Option<(Says, &'r Rule)> {
        let published = self.versions.iter().find(|(known, _)| known == version);
        let published = published.map_or(START - 6 * DAY - HOUR / 2, |(_, published)| published.0);
        let applies = |rule: &&&Rule| {
            rule.names(&self.module)
                && rule.has(version)
                && rule.is_for(caller)
                && self.lets(rule, version, policy, (caller, now))
        };
        let says = |rule: &Rule| match &rule.action {
            Action::Allow => Some(Says::Yes),
            Action::Deny => Some(Says::No),
            Action::Redirect(_) => Some(Says::Elsewhere),
            Action::Cooldown(age) => {
                (now.0 < published + u64::try_from(age.as_millis()).unwrap()).then_some(Says::No)
            }
        };
        rules.iter().filter(applies).find_map(|rule| Some((says(rule)?, *rule)))
    }

    /// Whether it is refused however old it is.
    fn is_denied(&self, version: &str, policy: &Policy, caller: &str, now: Timestamp) -> bool {
        let (version, caller) = (Version::parse(version).unwrap(), Caller::new([caller.to_owned()]));
        if policy.is_enforced() && self.is_malicious(&version, policy, (&caller, now)) {
            return true;
        }
        let applies = |rule: &&Rule| {
            policy.enforces(Some(rule))
                && rule.names(&self.module)
                && rule.has(&version)
                && rule.is_for(&caller)
                && self.lets(rule, &version, policy, (&caller, now))
        };
        let mut deciding = policy.rules().filter(applies).map(|rule| &rule.action);
        let first = deciding.find(|action| !matches!(action, Action::Cooldown(_)));
        first.map_or_else(
            || policy.denies_by_default() && policy.enforces(None),
            |action| *action == Action::Deny,
        )
    }

    /// Where it `knows` what is retracted, that is not given in place of what is refused.
    fn expected(&self, asked: Asked, knows: bool, says: impl Fn(&Version) -> Says) -> Expected {
        let version = |version: &Version| match says(version) {
            Says::No => Expected::Refused,
            Says::Yes | Says::Elsewhere => Expected::Version(version.clone()),
        };
        let newest = Version::parse(NEWEST).unwrap();
        let is_passed_over = newest > self.latest || self.latest.is_prerelease();
        let is_replaced = says(&newest) == Says::No
            || (asked == Asked::Latest && says(&self.latest) == Says::No && is_passed_over);
        let is_withdrawn = |version: &Version| knows && is_replaced && self.retracted.contains(version);
        let shown = || {
            let versions = self.versions.iter().map(|(version, _)| version);
            versions.filter(|version| says(version) != Says::No && !is_withdrawn(version))
        };
        match asked {
            Asked::List => {
                let mut versions: Vec<_> = shown().cloned().collect();
                versions.sort();
                Expected::These(versions)
            }
            Asked::Latest if says(&self.latest) != Says::No => version(&self.latest),
            Asked::Latest => {
                // As the go command chooses: a release, one that is not incompatible, the highest.
                let releases = || shown().filter(|version| !version.as_str().contains('-'));
                let compatible = releases().filter(|version| !version.as_str().contains('+')).max();
                let newest = compatible.or_else(|| releases().max()).or_else(|| shown().max());
                newest.map_or(Expected::Refused, version)
            }
            Asked::Master => version(&self.master),
            Asked::Named(at, way) => match says(&self.named(at)) {
                Says::Yes => Expected::Served,
                // A checksum database is no proxy: it has no other address.
                Says::Elsewhere if way == 3 => Expected::Served,
                Says::Elsewhere => Expected::Away,
                Says::No => Expected::Refused,
            },
        }
    }
}

fn info(version: &str, age: u64) -> String {
    format!(r#"{{"Version":"{version}","Time":"{}"}}"#, rfc3339(START - age))
}

#[test]
fn no_route_reveals_or_serves_what_is_refused() {
    for seed in 0..SEEDS {
        let mut run = Run::new(seed);
        for round in 0..4 {
            for _ in 0..12 {
                run.ask();
                if run.one_in(4) {
                    let millis = run.pick(&[1_500, 70_000, HOUR, 2 * DAY]);
                    // The hour is kept, so that no border is near.
                    let drift = (run.world.now.0 - START) % HOUR;
                    run.pass(if millis < HOUR { millis } else { millis - drift });
                }
            }
            if round < 3 {
                run.rule_anew();
            }
        }
        assert_idle(&mut run.world, WORKERS);
    }
}

/// Some 12,000 requests under 300 policies.
const SEEDS: u64 = 100;
