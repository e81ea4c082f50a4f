//! A file with the last document, so that a client that starts while the server is unreachable has flags
//!
//! Whatever the server sends replaces it. It is bound to the server and the SDK key: a client of another environment does not read it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flagstaff_core::{Snapshot, Value, murmur3_x86_32};

/// A file with the last document of one server and key
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    path: PathBuf,
    source: String,
}

impl Cache {
    pub(crate) fn new(path: PathBuf, url: &str, key: &str) -> Self {
        let source = format!("{url}\n{key}");
        let hash = |seed| murmur3_x86_32(source.as_bytes(), seed);
        Self {
            path,
            source: format!("{:08x}{:08x}", hash(0), hash(1)),
        }
    }

    /// The snapshot of the file; `None`, and a warning unless there is no file, if it cannot be used
    pub(crate) fn read(&self) -> Option<Snapshot> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    self.warn(&error.to_string());
                }
                return None;
            }
        };
        self.parse(&text)
            .map_err(|problem| self.warn(&problem))
            .ok()
    }

    fn parse(&self, text: &str) -> Result<Snapshot, String> {
        let Ok(Value::Object(file)) = Value::from_json(text) else {
            return Err("it is not a JSON object".to_owned());
        };
        if file.get("source") != Some(&Value::from(self.source.as_str())) {
            return Err("it was written for another server or SDK key".to_owned());
        }
        let document = file.get("document").cloned().unwrap_or_default();
        Snapshot::from_json(&document.to_canonical()).map_err(|error| error.to_string())
    }

    /// Replaces the file; a reader sees the old one or the new one
    pub(crate) fn write(&self, document: &str) {
        if let Err(error) = self.try_write(document) {
            let path = self.path.display();
            log::warn!("cannot write the cache `{path}`: {error}");
        }
    }

    fn try_write(&self, document: &str) -> io::Result<()> {
        // Beside it, since a file can be renamed only within its file system; with the process's id, since several may share a cache.
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let new = self.path.with_file_name(name);
        let written = write_private(
            &new,
            &[
                r#"{"source": ""#,
                &self.source,
                r#"", "document": "#,
                document,
                "}",
            ],
        );
        written
            .and_then(|()| fs::rename(&new, &self.path))
            .inspect_err(|_| {
                // There may be none.
                drop(fs::remove_file(&new));
            })
    }

    fn warn(&self, problem: &str) {
        let path = self.path.display();
        log::warn!("the cache `{path}` is not used: {problem}");
    }
}

/// Writes a file that other users cannot read: rules may name people
fn write_private(path: &Path, parts: &[&str]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    for part in parts {
        file.write_all(part.as_bytes())?;
    }
    // The name must not come to the disk before the content.
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"schemaVersion": 1, "revision": 7, "flags": {}}"#;

    fn cache(name: &str) -> Cache {
        let file = format!("flagstaff-cache-{}-{name}", std::process::id());
        Cache::new(std::env::temp_dir().join(file), "http://localhost", "k")
    }

    #[test]
    fn what_was_written_is_read_by_clients_of_the_same_server_and_key() {
        let cache = cache("same");
        assert!(cache.read().is_none());
        cache.write(DOCUMENT);
        assert_eq!(cache.read().map(|snapshot| snapshot.revision()), Some(7));
        for (url, key) in [("http://localhost", "other"), ("http://other", "k")] {
            assert!(Cache::new(cache.path.clone(), url, key).read().is_none());
        }
        fs::remove_file(&cache.path).unwrap();
    }

    #[test]
    fn a_file_that_is_broken_is_not_read() {
        let cache = cache("broken");
        let whole = format!(
            r#"{{"source": "{}", "document": {DOCUMENT}}}"#,
            cache.source
        );
        let of_a_later_version = whole.replace(r#""schemaVersion": 1"#, r#""schemaVersion": 2"#);
        let cut: String = whole.chars().take(40).collect();
        for text in [&*cut, "", "[]", DOCUMENT, &of_a_later_version] {
            fs::write(&cache.path, text).unwrap();
            assert!(cache.read().is_none(), "{text}");
        }
        fs::remove_file(&cache.path).unwrap();
    }

    #[test]
    fn a_folder_that_does_not_exist_is_a_warning() {
        let cache = Cache::new("/no/such/folder/cache".into(), "http://localhost", "k");
        cache.write(DOCUMENT);
        assert!(cache.read().is_none());
    }
}
