//! A number or a duration of the configuration: what it is where nothing is written, and within which bounds it is taken.
//!
//! Each is declared once, at the raw section that has the field, every value with its reason. The generated reference shows it and
//! the compiled section is read by it, so that neither can say anything else than the other.

use std::fmt::Display;
use std::time::Duration;

use super::problems::{Collector, Path, quoted};
use super::raw::{RawCount, RawDuration};

/// A field that holds a `T`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<T> {
    /// What it is called in its section.
    pub(super) name: &'static str,
    pub(super) default: T,
    pub(super) least: T,
    pub(super) most: T,
    /// What would come of a value out of bounds, where the bounds do not say it themselves.
    pub(super) beyond: Option<&'static str>,
}

impl Setting<u32> {
    /// The number written, the default where there is none; `section` is where it stands.
    pub(super) fn read(&self, raw: Option<RawCount>, section: &Path, found: &mut Collector) -> u32 {
        let Some(RawCount(number)) = raw else { return self.default };
        self.within(u32::try_from(number).ok(), &number.to_string(), section, found)
    }
}

impl Setting<Duration> {
    /// The duration written, the default where there is none; `section` is where it stands.
    pub(super) fn read(&self, raw: Option<&RawDuration>, section: &Path, found: &mut Collector) -> Duration {
        let Some(RawDuration(written)) = raw else { return self.default };
        let shown = quoted(written);
        match humantime::parse_duration(written) {
            Ok(duration) => self.within(Some(duration), &shown, section, found),
            Err(error) => {
                let why = format!("{shown} is not a duration such as \"30s\" or \"1h 30m\": {error}");
                found.note(&section.key(self.name), why);
                self.default
            }
        }
    }
}

impl<T: Bounded> Setting<T> {
    /// `value`, which is none where no `T` is as large; where it is out of bounds, that is noted of what was `written`.
    fn within(&self, value: Option<T>, written: &str, section: &Path, found: &mut Collector) -> T {
        let (least, most) = (self.least, self.most);
        if let Some(value) = value.filter(|value| (least..=most).contains(value)) {
            return value;
        }
        let beyond = self.beyond.map(|beyond| format!(": {beyond}")).unwrap_or_default();
        let bounds = format!("from {} to {}", least.shown(), most.shown());
        found.note(&section.key(self.name), format!("{written} is not {bounds}{beyond}"));
        self.default
    }
}

/// A value that has bounds.
pub(super) trait Bounded: Copy + PartialOrd {
    /// What the schema calls its bounds. JSON Schema knows none for texts.
    #[cfg(not(target_arch = "wasm32"))]
    const BOUNDS: [&'static str; 2];

    /// As the configuration writes it.
    type Shown: Display + Into<serde_json::Value>;

    fn shown(self) -> Self::Shown;
}

impl Bounded for u32 {
    #[cfg(not(target_arch = "wasm32"))]
    const BOUNDS: [&'static str; 2] = ["minimum", "maximum"];

    type Shown = Self;

    fn shown(self) -> Self {
        self
    }
}

impl Bounded for Duration {
    #[cfg(not(target_arch = "wasm32"))]
    const BOUNDS: [&'static str; 2] = ["x-shortest", "x-longest"];

    type Shown = String;

    fn shown(self) -> String {
        humantime::format_duration(self).to_string()
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl<T: Bounded + Send + 'static> Setting<T> {
    /// Adds the default and the bounds to the schema of the field.
    pub(super) fn schema(self) -> impl schemars::transform::Transform {
        move |schema: &mut schemars::Schema| {
            schema.insert("default".to_owned(), self.default.shown().into());
            schemars::transform::Transform::transform(&mut self.bounds(), schema);
        }
    }

    /// Adds the bounds alone: where nothing is written there is nothing.
    pub(super) fn bounds(self) -> impl schemars::transform::Transform {
        let [least, most] = T::BOUNDS;
        move |schema: &mut schemars::Schema| {
            schema.insert(least.to_owned(), self.least.shown().into());
            schema.insert(most.to_owned(), self.most.shown().into());
        }
    }
}
