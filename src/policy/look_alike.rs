//! Which modules look like others that are meant more often: what a slip of the finger, or a name made to be taken for another, comes to.
//!
//! What is compared is the repository of a module on a forge, else its path, without the major version at its end. Names of one owner look
//! alike to no harm: whoever has one of them has the other. Only capitals count there too, for a forge that ignores them has one repository
//! by two names, which the go command takes for two modules.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use strsim::osa_distance;

use crate::gomod::ModulePath;

/// How one module looks like another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// They differ in capitals alone.
    Capitals,
    /// They differ by one letter that is another, is missing or too many, or by two that are swapped.
    Letter,
    /// They have the same name on the same forge, and other owners.
    Owner,
}

/// Modules that are meant more often than those that look like them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookAlikes {
    /// In the order of the list: as they are written there, and as they are compared.
    listed: Vec<(ModulePath, Compared)>,
    /// How others look like them.
    ways: Vec<Likeness>,
    /// Whether modules that are in use are meant as well.
    in_use: bool,
    /// The places of the listed by what is compared, in lower case.
    folded: BTreeMap<String, Vec<u32>>,
    /// The places of the listed by hashes of what is left of them where one letter is left out, or none: two that differ by one letter have
    /// one of these in common.
    near: Vec<(u64, u32)>,
    /// The places of the listed by forge and name, in lower case.
    named: BTreeMap<String, Vec<u32>>,
}

/// A module as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Compared {
    /// Its repository on a forge, else its path; without the major version.
    exact: String,
    /// The same in lower case.
    folded: String,
    /// How long the part of that is which has one owner: the forge and the owner, else the host.
    owner: usize,
    /// The forge, where it is on one.
    forge: Option<&'static str>,
}

impl LookAlikes {
    /// What looks like one of these in any of these ways.
    pub fn new(listed: impl IntoIterator<Item = ModulePath>, ways: &[Likeness]) -> Self {
        let mut all = Self { ways: ways.to_vec(), ..Self::default() };
        listed.into_iter().for_each(|module| all.add(module));
        all.seal();
        all
    }

    /// The same, and what looks like a module that is in use.
    #[must_use]
    pub fn and_in_use(self, in_use: bool) -> Self {
        Self { in_use, ..self }
    }

    /// Adds one. Nothing is found before all were added: [`LookAlikes::seal`].
    pub fn add(&mut self, module: ModulePath) {
        let Ok(place) = u32::try_from(self.listed.len()) else { return };
        let compared = Compared::of(&module);
        self.folded.entry(compared.folded.clone()).or_default().push(place);
        if self.ways.contains(&Likeness::Letter) {
            self.near.extend(shortened(&compared.folded).map(|hash| (hash, place)));
        }
        if let (Some(name), true) = (compared.name(), self.ways.contains(&Likeness::Owner)) {
            self.named.entry(name).or_default().push(place);
        }
        self.listed.push((module, compared));
    }

    /// No more are added.
    pub fn seal(&mut self) {
        self.near.sort_unstable();
    }

    /// Whether modules that are in use are meant as well.
    pub fn asks_for_use(&self) -> bool {
        self.in_use
    }

    /// As [`LookAlikes::find`], also among the modules that are in `use`, where those are meant.
    pub(super) fn find_among<'l>(
        &'l self,
        module: &ModulePath,
        used: &'l Self,
    ) -> Option<(&'l ModulePath, Likeness)> {
        let found = self.find(module);
        if found.is_some() || !self.in_use || self.has(module) {
            found
        } else {
            used.find_by(module, &self.ways)
        }
    }

    /// Whether it is listed, in whichever major version.
    fn has(&self, module: &ModulePath) -> bool {
        let compared = Compared::of(module);
        let places = self.folded.get(&compared.folded).into_iter().flatten();
        let mut same = places.filter_map(|place| self.listed.get(usize::try_from(*place).ok()?));
        same.any(|(_, listed)| listed.exact == compared.exact)
    }

    /// The listed module that this one looks like, and how. Nothing looks like others that is listed itself, in whichever major version.
    pub fn find(&self, module: &ModulePath) -> Option<(&ModulePath, Likeness)> {
        self.find_by(module, &self.ways)
    }

    /// The same, in one of these ways.
    fn find_by(&self, module: &ModulePath, ways: &[Likeness]) -> Option<(&ModulePath, Likeness)> {
        let compared = Compared::of(module);
        let found = |place: &u32| usize::try_from(*place).ok().and_then(|place| self.listed.get(place));
        let same = || self.folded.get(&compared.folded).into_iter().flatten().filter_map(found);
        if same().any(|(_, listed)| listed.exact == compared.exact) {
            return None;
        }
        if let Some((listed, _)) = same().next().filter(|_| ways.contains(&Likeness::Capitals)) {
            return Some((listed, Likeness::Capitals));
        }
        let is_asked = ways.contains(&Likeness::Letter) && !self.near.is_empty();
        for hash in shortened(&compared.folded).filter(|_| is_asked) {
            let from = self.near.partition_point(|(near, _)| *near < hash);
            let places = self.near.iter().skip(from).take_while(|(near, _)| *near == hash);
            for (listed, like) in places.filter_map(|(_, place)| found(place)) {
                if !like.has_owner_of(&compared) && osa_distance(&like.folded, &compared.folded) == 1 {
                    return Some((listed, Likeness::Letter));
                }
            }
        }
        let name = compared.name().filter(|_| ways.contains(&Likeness::Owner));
        let places = name.and_then(|name| self.named.get(&name));
        let mut others = places.into_iter().flatten().filter_map(found);
        others.find(|(_, like)| !like.has_owner_of(&compared)).map(|(listed, _)| (listed, Likeness::Owner))
    }

    /// How many are listed.
    pub fn len(&self) -> usize {
        self.listed.len()
    }

    /// Whether nothing is listed.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }
}

impl Likeness {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Capitals, Self::Letter, Self::Owner];

    /// As a developer reads it.
    pub fn says(self) -> &'static str {
        match self {
            Self::Capitals => "it differs in capitals",
            Self::Letter => "it differs by a letter",
            Self::Owner => "it has another owner",
        }
    }
}

impl Compared {
    fn of(module: &ModulePath) -> Self {
        let path = module.as_str().strip_suffix(module.major_suffix()).unwrap_or(module.as_str());
        let host = path.split('/').next().unwrap_or_default();
        let forge = FORGES.into_iter().find(|forge| *forge == host);
        let exact = match forge {
            // gopkg.in has packages without an owner, and some below one.
            Some("gopkg.in") | None => path,
            Some(_) => beginning(path, 3),
        };
        let owner = match forge {
            Some(_) => beginning(path, 2).len(),
            None => host.len(),
        };
        Self { exact: exact.to_owned(), folded: exact.to_ascii_lowercase(), owner, forge }
    }

    fn has_owner_of(&self, other: &Self) -> bool {
        let owner = |one: &Self| one.folded.get(..one.owner).map(str::to_owned);
        owner(self) == owner(other)
    }

    /// The forge and the name of the repository, without its owner.
    fn name(&self) -> Option<String> {
        let forge = self.forge?;
        let name = self.folded.get(self.owner..)?.strip_prefix('/')?;
        Some(format!("{forge}/{name}"))
    }
}

/// The first elements of a path.
fn beginning(path: &str, elements: usize) -> &str {
    let end = path.match_indices('/').nth(elements.saturating_sub(1)).map_or(path.len(), |(at, _)| at);
    path.get(..end).unwrap_or(path)
}

/// Hashes of a text, and of what is left of it where one letter is left out. A module path is of ASCII.
fn shortened(text: &str) -> impl Iterator<Item = u64> {
    let text = text.get(..text.len().min(MAX_COMPARED)).unwrap_or_default();
    let without = |at: usize| {
        let (before, rest) = text.as_bytes().split_at_checked(at).unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        before.hash(&mut Joined(&mut hasher));
        rest.get(1..).unwrap_or_default().hash(&mut Joined(&mut hasher));
        hasher.finish()
    };
    // Where nothing is left out, a letter beyond the end is.
    (0..=text.len()).map(without)
}

/// Hashes bytes one by one, so that it does not matter where a text was cut.
struct Joined<'h>(&'h mut DefaultHasher);

impl Hasher for Joined<'_> {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0.write_u8(*byte));
    }

    /// The lengths of the parts.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

/// Where everyone can have a name, below which what they publish stands.
const FORGES: [&str; 6] =
    ["bitbucket.org", "codeberg.org", "gitea.com", "github.com", "gitlab.com", "gopkg.in"];

/// Bytes of a path of which it is seen that one letter is another. Those of public modules are shorter.
const MAX_COMPARED: usize = 128;

#[cfg(test)]
mod tests;
