//! The golden vectors of bucketing, which never change

use std::path::Path;

use serde::Deserialize;

use crate::case::DiscoveryError;

/// `vectors/bucketing.json`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vectors {
    /// Their source
    pub notes: Vec<String>,
    /// Inputs and their hashes
    pub hashes: Vec<HashVector>,
    /// Units and their slots
    pub slots: Vec<SlotVector>,
}

/// An input and its hash
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HashVector {
    /// The input as text, hashed as UTF-8
    pub text: Option<String>,
    /// The input as bytes, in hexadecimal
    pub bytes: Option<String>,
    /// The seed
    pub seed: u32,
    /// The hash
    pub hash: u32,
}

/// A unit and its slot
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotVector {
    /// The salt, without the stage
    pub salt: String,
    /// The stage of the serve; without one, only the salt is hashed
    pub step: Option<String>,
    /// The unit
    pub unit: String,
    /// The number of slots
    pub total: u32,
    /// The slot
    pub slot: u32,
}

impl HashVector {
    /// The bytes to hash; `None` if the vector has neither or both of its forms
    pub fn input(&self) -> Option<Vec<u8>> {
        match (&self.text, &self.bytes) {
            (Some(text), None) => Some(text.as_bytes().to_vec()),
            (None, Some(bytes)) => {
                let digits = bytes.as_bytes().chunks(2);
                digits
                    .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
                    .collect()
            }
            _ => None,
        }
    }
}

impl SlotVector {
    /// The text whose hash is the seed
    pub fn seed_text(&self) -> String {
        match &self.step {
            Some(step) => format!("{}/{step}", self.salt),
            None => self.salt.clone(),
        }
    }
}

/// Reads the vectors of this source tree
pub fn read() -> Result<Vectors, DiscoveryError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/bucketing.json");
    let text = std::fs::read_to_string(&path).map_err(|source| DiscoveryError::Io {
        path: path.clone(),
        source,
    })?;
    serde_json::from_str(&text).map_err(|source| DiscoveryError::Shape { path, source })
}
