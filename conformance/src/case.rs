//! The cases as they are written, and where they are found

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json};

/// One file of cases; `schema/case.schema.json` describes it
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// `<area>/<topic>`, from the file's path
    #[serde(skip)]
    pub topic: String,
    /// What the cases have in common, for people
    pub description: String,
    /// The statements of the specification that every case of the file pins
    #[serde(default)]
    pub pins: Vec<String>,
    /// The document of the cases that bring none of their own
    pub document: Option<Json>,
    /// The cases
    pub cases: Vec<Case>,
}

/// A document, a question and what has to come of it
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    /// A sentence, unique in its file
    pub name: String,
    /// The statements of the specification that this case pins, beside the file's
    #[serde(default)]
    pub pins: Vec<String>,
    /// The document, instead of the file's
    pub document: Option<Json>,
    /// The document as text, where JSON as such cannot say it
    pub document_text: Option<String>,
    /// The case's document is refused whole, and the file's goes on answering
    #[serde(default)]
    pub refused: bool,
    /// What is wrong with the document, all of it and in this order
    pub issues: Option<Vec<ExpectedIssue>>,
    /// The flag to evaluate
    pub flag: Option<String>,
    /// The type that the caller asks for; any, if absent
    #[serde(rename = "type")]
    pub value_type: Option<String>,
    /// The caller's default; `null`, if absent
    pub default: Option<Json>,
    /// The context; `{}`, if absent
    #[serde(default, deserialize_with = "present")]
    pub context: Option<Json>,
    /// The context as text, where JSON as such cannot say it
    pub context_text: Option<String>,
    /// The instant of the evaluation; [`Case::NOW`], if absent
    pub now: Option<String>,
    /// Members of the flag's outcome; those not named are not judged
    pub expect: Option<Map<String, Json>>,
    /// Members of the outcome of every flag of the document
    pub expect_all: Option<BTreeMap<String, Map<String, Json>>>,
    /// The flag's whole outcome, byte for byte
    pub answer: Option<String>,
}

/// An issue that a document must have
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedIssue {
    /// Where in the document
    pub pointer: String,
    /// What it says; any text, if absent
    pub message: Option<String>,
}

impl Case {
    /// The instant of an evaluation whose case names none
    pub const NOW: &str = "2026-01-01T00:00:00Z";
}

/// A member that is there, though it be `null`
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

/// Why the cases cannot be read
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// A folder or file cannot be read
    #[error("`{}`: {source}", path.display())]
    Io {
        /// Which
        path: PathBuf,
        /// Why
        source: io::Error,
    },
    /// A file that is no [`CaseFile`]
    #[error("`{}`: {source}", path.display())]
    Shape {
        /// Which
        path: PathBuf,
        /// Why
        source: serde_json::Error,
    },
    /// Two cases of one file with one name
    #[error("`{topic}` has two cases `{name}`")]
    Duplicate {
        /// The file
        topic: String,
        /// The name
        name: String,
    },
}

/// The folder of the cases in this source tree
pub fn cases_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// Reads every `*.json` below `directory`, in order of the paths
pub fn discover(directory: &Path) -> Result<Vec<CaseFile>, DiscoveryError> {
    let mut paths = Vec::new();
    collect(directory, &mut paths)?;
    paths.sort();
    paths.iter().map(|path| read(directory, path)).collect()
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) -> Result<(), DiscoveryError> {
    let failed = |source| DiscoveryError::Io {
        path: directory.to_owned(),
        source,
    };
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            paths.push(path);
        }
    }
    Ok(())
}

fn read(directory: &Path, path: &Path) -> Result<CaseFile, DiscoveryError> {
    let text = std::fs::read_to_string(path).map_err(|source| DiscoveryError::Io {
        path: path.to_owned(),
        source,
    })?;
    let mut file: CaseFile =
        serde_json::from_str(&text).map_err(|source| DiscoveryError::Shape {
            path: path.to_owned(),
            source,
        })?;
    let topic = path
        .strip_prefix(directory)
        .unwrap_or(path)
        .with_extension("");
    file.topic = topic
        .to_string_lossy()
        .replace(std::path::MAIN_SEPARATOR, "/");
    let mut names = BTreeSet::new();
    match file
        .cases
        .iter()
        .find(|case| !names.insert(case.name.as_str()))
    {
        Some(case) => Err(DiscoveryError::Duplicate {
            topic: file.topic.clone(),
            name: case.name.clone(),
        }),
        None => Ok(file),
    }
}
