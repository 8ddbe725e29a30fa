//! What a repository is called: its host and path, as a module path begins, from whatever address a host of repositories writes.

/// The name of the repository at `address`: `https://user@git.example.com:8443/a/b.git` and `git@git.example.com:a/b` are
/// `git.example.com/a/b`. `None` where no module path can begin so.
pub fn repository_of(address: &str) -> Option<String> {
    let address = address.trim().split(['?', '#']).next()?;
    let (authority, path) = match address.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?,
        // As scp has it: a colon before the first slash, and no port behind it.
        None => match address.split_once(':') {
            Some((host, path)) if !host.contains('/') => (host, path),
            _ => address.split_once('/').unwrap_or(("", address)),
        },
    };
    let host = authority.rsplit('@').next()?;
    let host = host.split(':').next()?.to_ascii_lowercase();
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let name = if host.is_empty() { path.to_owned() } else { format!("{host}/{path}") };
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/');
    let is_name = !path.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && name.bytes().all(is_plain)
        && !name.split('/').any(|element| element.is_empty() || element == "..");
    is_name.then_some(name)
}

/// As names are compared. Hosts of repositories do not tell them apart by case, and a module path has the case that its author wrote.
pub fn plain(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Whether the module at `module` may be in the repository, or below the module, that is called `name`; both as [`plain`] has them. A
/// server that is none of the large forges is often named with `.git` in module paths.
pub fn is_within(module: &str, name: &str) -> bool {
    let Some(rest) = module.strip_prefix(name) else { return false };
    let rest = rest.strip_prefix(".git").unwrap_or(rest);
    rest.is_empty() || rest.starts_with('/')
}

/// Several times the longest that a forge allows (an owner of 39 and a name of 100 on GitHub; GitLab nests twenty groups).
const MAX_NAME_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_a_repository_is_one_name() {
        for (address, want) in [
            ("https://github.com/Acme/x", Some("github.com/Acme/x")),
            ("https://github.com/Acme/x.git", Some("github.com/Acme/x")),
            ("http://u:p@Git.example.com:8443/scm/key/slug.git", Some("git.example.com/scm/key/slug")),
            ("ssh://git@git.example.com:7999/key/slug.git", Some("git.example.com/key/slug")),
            ("git@gitlab.com:a/b/c.git", Some("gitlab.com/a/b/c")),
            ("git://github.com/acme/x/", Some("github.com/acme/x")),
            ("https://org@dev.azure.com/org/project/_git/repo", Some("dev.azure.com/org/project/_git/repo")),
            ("github.com/acme/x", Some("github.com/acme/x")),
            // Gerrit says no host.
            ("plugins/webhooks", Some("plugins/webhooks")),
            ("solo", Some("solo")),
            ("https://github.com/acme/x?token=1#f", Some("github.com/acme/x")),
            ("https://github.com", None),
            ("https://github.com/", None),
            ("https://github.com/a//b", None),
            ("https://github.com/a/../b", None),
            ("https://dev.azure.com/o/My%20Project/_git/r", None),
            ("https://github.com/a b", None),
            ("", None),
            ("https://github.com/\u{e9}", None),
        ] {
            assert_eq!(repository_of(address).as_deref(), want, "{address}");
        }
        assert_eq!(repository_of(&format!("https://h.example/{}", "a".repeat(600))), None);
    }

    #[test]
    fn a_module_is_in_a_repository_on_a_boundary() {
        for module in
            ["h.example/a", "h.example/a/v2", "h.example/a/b/c", "h.example/a.git", "h.example/a.git/b"]
        {
            assert!(is_within(module, "h.example/a"), "{module}");
        }
        for module in ["h.example/ab", "h.example", "h.example/a.gitx", "x.h.example/a", "h.example/a.b"] {
            assert!(!is_within(module, "h.example/a"), "{module}");
        }
    }
}
