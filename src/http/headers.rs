//! A header list as the host gives it: ordered, names repeatable.

/// Header names in lower case with their values, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The first value under `name` (lower case).
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value under `name` (lower case), in order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether `name` (lower case) is there.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The coding that a body is in, where it is in one (RFC 9110, section 8.4).
    pub fn coding(&self) -> Option<&str> {
        self.codings().next()
    }

    /// All codings that a body is in, each within the next.
    pub fn codings(&self) -> impl Iterator<Item = &str> {
        let codings = self.all("content-encoding").flat_map(|codings| codings.split(','));
        let is_one = |coding: &&str| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity");
        codings.map(str::trim).filter(is_one)
    }

    /// Names in order, repeated ones repeated.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let lower = |(key, value): (K, V)| {
            let mut key = key.into();
            key.make_ascii_lowercase();
            (key, value.into())
        };
        Self(pairs.into_iter().map(lower).collect())
    }
}
