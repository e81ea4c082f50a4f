//! The format of the cases, and how they are found

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
    /// A description of the cases
    pub description: String,
    /// The statements of the specification that every case of the file pins
    #[serde(default)]
    pub pins: Vec<String>,
    /// The document of cases without their own
    pub document: Option<Json>,
    /// The cases
    pub cases: Vec<Case>,
}

/// A document, a request and the expected result
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    /// A sentence, unique in its file
    pub name: String,
    /// Further statements of the specification that this case pins
    #[serde(default)]
    pub pins: Vec<String>,
    /// The document, instead of the file's
    pub document: Option<Json>,
    /// The document as text, if it is not valid JSON or has a particular notation
    pub document_text: Option<String>,
    /// The case's document is refused, and the file's document stays in use
    #[serde(default)]
    pub refused: bool,
    /// All issues of the document, in this order
    pub issues: Option<Vec<ExpectedIssue>>,
    /// The flag to evaluate
    pub flag: Option<String>,
    /// The type that the caller expects; any, if absent
    #[serde(rename = "type")]
    pub expected_type: Option<String>,
    /// The caller's default; `null`, if absent
    pub default: Option<Json>,
    /// The context; `{}`, if absent
    #[serde(default, deserialize_with = "present")]
    pub context: Option<Json>,
    /// The context as text, if it is not valid JSON or has a particular notation
    pub context_text: Option<String>,
    /// The instant of the evaluation; [`Case::NOW`], if absent
    pub now: Option<String>,
    /// Expected fields of the flag's outcome; others are not compared
    pub expect: Option<Map<String, Json>>,
    /// Expected fields of the outcome of every flag of the document
    pub expect_all: Option<BTreeMap<String, Map<String, Json>>>,
    /// The flag's whole outcome, byte for byte
    pub answer: Option<String>,
}

/// An issue that a document must have
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedIssue {
    /// The pointer into the document
    pub pointer: String,
    /// The message; any, if absent
    pub message: Option<String>,
}

impl Case {
    /// The instant of an evaluation, if the case has none
    pub const NOW: &str = "2026-01-01T00:00:00Z";
}

/// A field that is present, even if it is `null`
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
        /// The path
        path: PathBuf,
        /// The cause
        source: io::Error,
    },
    /// A file is not a valid [`CaseFile`]
    #[error("`{}`: {source}", path.display())]
    Shape {
        /// The path
        path: PathBuf,
        /// The cause
        source: serde_json::Error,
    },
    /// Two cases of a file have the same name
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
