//! Converts flags of other vendors to documents of Flagstaff
//!
//! ```text
//! vendor's file ─► convert ─► document (every user keeps their value)
//!                         ├─► report   (each flag: exact, with remarks, or refused, and why)
//!                         └─► answers  (how to convert our outcomes to those of the vendor's own SDK)
//! ```
//!
//! A strategy, an allocation or a rule of the vendor becomes a rule of ours. A condition becomes one of ours if both have the same result
//! for every input; otherwise it stays in the vendor's form, as a dialect (docs/spec/language.md §10). A flag that cannot be exact is
//! refused, unless [`Options::approximate`] names it. Each vendor has a module with its name.

#![forbid(unsafe_code)]

mod answers;
mod draft;
mod eppo;
mod flagd;
mod flagsmith;
mod growthbook;
mod launchdarkly;
mod report;
mod source;
mod unleash;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use self::answers::{Answer, FlagAnswers};
pub use self::growthbook::GrowthBookOptions;
pub use self::report::{FlagReport, Note, Verdict};

/// A vendor whose files can be read
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Vendor {
    /// Client features of Unleash
    Unleash,
    /// Universal flag configuration of Eppo
    Eppo,
    /// Flags and segments of LaunchDarkly
    LaunchDarkly,
    /// Environment document of Flagsmith, or the context of its engine
    Flagsmith,
    /// Features of GrowthBook
    GrowthBook,
    /// A flag file of flagd
    Flagd,
}

impl Vendor {
    /// All vendors
    pub const ALL: [Self; 6] = [
        Self::Unleash,
        Self::Eppo,
        Self::LaunchDarkly,
        Self::Flagsmith,
        Self::GrowthBook,
        Self::Flagd,
    ];

    /// The name on the command line
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unleash => "unleash",
            Self::Eppo => "eppo",
            Self::LaunchDarkly => "launchdarkly",
            Self::Flagsmith => "flagsmith",
            Self::GrowthBook => "growthbook",
            Self::Flagd => "flagd",
        }
    }
}

impl FromStr for Vendor {
    type Err = ImportError;

    fn from_str(name: &str) -> Result<Self, ImportError> {
        let mut all = Self::ALL.into_iter();
        all.find(|vendor| vendor.name() == name)
            .ok_or_else(|| ImportError::UnknownVendor(name.into()))
    }
}

/// How to convert
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// The name of the environment in the document; the vendor's own, if it has one
    pub environment: Option<String>,
    /// The vendor's keys of flags that need not be exact
    pub approximate: BTreeSet<String>,
    /// How flagd's `fractional` hashes: its version, 2 or 3
    pub fractional: Option<u8>,
    /// What the program passes to GrowthBook's SDK besides the payload
    #[serde(flatten)]
    pub growthbook: GrowthBookOptions,
}

/// What a file was converted to
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Imported {
    /// A document of Flagstaff
    pub document: Json,
    /// For each flag of the file, in its order, how it was taken over
    pub report: Vec<FlagReport>,
    /// How to convert our outcomes to those of the vendor's own SDK, by our keys
    pub answers: BTreeMap<String, FlagAnswers>,
    /// Our keys of the flags whose own keys are not valid here, by the vendor's keys
    pub keys: BTreeMap<String, String>,
}

/// Why a file cannot be converted at all
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// There is no such vendor
    #[error("unknown vendor `{0}`, expected one of {names}", names = vendor_names())]
    UnknownVendor(Box<str>),
    /// The text is not valid JSON, is cut off, or names something twice
    #[error("the file cannot be read: {0}")]
    Json(String),
    /// The file is not what the vendor's SDKs download
    #[error("{pointer}: {message}")]
    Shape {
        /// Where in the file, as a JSON pointer
        pointer: String,
        /// What was expected, and what to do
        message: String,
    },
}

fn vendor_names() -> String {
    Vendor::ALL.map(Vendor::name).join(", ")
}

/// Converts the whole file of a vendor, or fails
pub fn convert(vendor: Vendor, options: &Options, text: &str) -> Result<Imported, ImportError> {
    let source = source::read(text)?;
    match vendor {
        Vendor::Unleash => unleash::convert(options, &source),
        Vendor::Eppo => eppo::convert(options, &source),
        Vendor::LaunchDarkly => launchdarkly::convert(options, &source),
        Vendor::Flagsmith => flagsmith::convert(options, text, &source),
        Vendor::GrowthBook => growthbook::convert(options, &source),
        Vendor::Flagd => flagd::convert(options, &source),
    }
}
