//! The configuration: whatever the bytes, they are a configuration that works, or problems that can be read.
//!
//! Input: the configuration.

use modgate::config::Config;
use modgate::shared::{Memory, Seat};
use modgate::worker::Worker;

/// No bytes panic; what is refused is refused with reasons, what is accepted keeps its promises.
pub fn check(input: &[u8]) {
    match Config::parse_bytes(input) {
        Err(problems) => {
            assert!(problems.iter().count() > 0);
            let text = problems.to_string();
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
            let listed = text.lines().filter(|line| line.starts_with('$')).count();
            assert_eq!(listed, problems.iter().count(), "one line each: {text}");
        }
        Ok(config) => {
            keeps_its_promises(&config);
            assert_eq!(Config::parse_bytes(input).as_ref(), Ok(&config), "read twice, it is the same");
            assert!(Worker::new(config, Seat::default(), &Memory::default()).is_idle());
        }
    }
}

fn keeps_its_promises(config: &Config) {
    assert!(config.storage.is_some() || !config.upstreams.is_empty());
    // The largest index, and the leases.
    assert!(config.index.memory_bound_bytes() <= (2 << 30) + (5 << 20));
    let mut names: Vec<_> = config.upstreams.iter().map(|upstream| upstream.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), config.upstreams.len(), "no upstream has another's name");
    let is_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    assert!(
        names.iter().all(|name| (1..=32).contains(&name.len()) && name.bytes().all(is_label)),
        "{names:?}"
    );

    let prefix = &config.matching.path_prefix;
    assert!(prefix.is_empty() || (prefix.starts_with('/') && !prefix.ends_with('/')), "{prefix:?}");
    let admin = &config.admin.path_prefix;
    assert!(admin.len() > 2 && admin.starts_with('/') && admin.ends_with('/'), "{admin:?}");

    let endpoints = config.upstreams.iter().map(|upstream| &upstream.endpoint);
    let endpoints = endpoints.chain(config.sumdb.iter().map(|sumdb| &sumdb.endpoint));
    for endpoint in endpoints.chain(config.storage.iter().map(|storage| &storage.endpoint)) {
        assert!(!endpoint.cluster.is_empty() && !endpoint.authority.is_empty());
        let prefix = &endpoint.path_prefix;
        assert!(prefix.is_empty() || (prefix.starts_with('/') && !prefix.ends_with('/')), "{prefix:?}");
        assert!(endpoint.timeout.as_millis() > 0);
        for (name, value) in &endpoint.headers {
            assert_eq!(name, &name.to_ascii_lowercase());
            assert_ne!(name, &config.matching.route_header, "this one is ours");
            // A line break would be another header.
            assert!(!value.bytes().any(|byte| byte < b' ' && byte != b'\t'), "{value:?}");
        }
    }
}
