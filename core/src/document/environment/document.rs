//! A document while it is read: field by field, and each object is compiled as soon as it has been read

use std::sync::Arc;

use crate::document::compile::CompileSession;
use crate::document::environment::CompiledObjects;
use crate::document::object::ObjectKind;
use crate::document::schemas::{self, ValueSchema};
use crate::error::SnapshotError;
use crate::json::names::Name;
use crate::json::{Cursor, JsonError};
use crate::value::Value;

impl CompiledObjects {
    /// Compiles a whole document, which names no versions
    pub(crate) fn from_json(document: &str) -> Result<Self, SnapshotError> {
        let error = match read(document) {
            Ok((environment, crate::SCHEMA_VERSION)) => return Ok(environment),
            Ok((_, found)) => return Err(SnapshotError::SchemaVersion { found }),
            Err(error) => error,
        };
        // A document of another version may have other fields; then the error is the version.
        match version_of(document) {
            Ok(Some(found)) if found != crate::SCHEMA_VERSION => {
                Err(SnapshotError::SchemaVersion { found })
            }
            _ => Err(error.into()),
        }
    }
}

/// The version of a document whose other fields may be unknown
fn version_of(document: &str) -> Result<Option<u64>, JsonError> {
    let (mut cursor, mut version) = (Cursor::new(document)?, None);
    cursor.fields(|cursor, key| {
        let text = cursor.skip()?;
        if &*key == Name::SchemaVersion.as_str() {
            version = Value::from_json(text)?.as_integer();
        }
        Ok(())
    })?;
    cursor.end()?;
    Ok(version.and_then(|version| version.try_into().ok()))
}

/// The environment that a document describes, and the version of its schema
fn read(document: &str) -> Result<(CompiledObjects, u64), JsonError> {
    let (mut cursor, mut session) = (Cursor::new(document)?, CompileSession::default());
    let (mut environment, mut version) = (CompiledObjects::default(), None);
    let mut found = Vec::new();
    cursor.fields(|cursor, key| {
        let mut known = schemas::DOCUMENT.into_iter();
        let Some(name) = known.find(|name| name.as_str() == &*key) else {
            return cursor.skip().map(drop);
        };
        if found.contains(&name) {
            return Err(JsonError::at("", &format!("duplicate field `{key}`")));
        }
        found.push(name);
        let mut section = |kind| section(kind, cursor, &mut environment, &mut session);
        let schema = match name {
            Name::Flags => return section(ObjectKind::Flag),
            Name::Segments => return section(ObjectKind::Segment),
            Name::Groups => return section(ObjectKind::Group),
            Name::Holdouts => return section(ObjectKind::Holdout),
            Name::SchemaVersion => &ValueSchema::Whole,
            Name::Revision => &ValueSchema::Optional(&ValueSchema::Whole),
            _ => &ValueSchema::Optional(&ValueSchema::Text),
        };
        let source = session.read_next(cursor)?;
        let json = session.checked(source, schema);
        let json = json.map_err(|error| JsonError::of_field(&key, error))?;
        match name {
            Name::SchemaVersion => version = json.whole(),
            Name::Revision => environment.revision = json.whole().unwrap_or_default(),
            _ => environment.name = json.text().unwrap_or_default().into(),
        }
        Ok(())
    })?;
    cursor.end()?;
    let version = version.ok_or_else(|| JsonError::at("", "missing field `schemaVersion`"))?;
    Ok((environment, version))
}

/// Compiles the objects of one kind; of a repeated key the last one counts
fn section(
    kind: ObjectKind,
    cursor: &mut Cursor<'_>,
    environment: &mut CompiledObjects,
    session: &mut CompileSession,
) -> Result<(), JsonError> {
    match cursor.peek() {
        Some(b'{') => {}
        Some(b'n') => return cursor.skip().map(drop),
        _ => {
            cursor.skip()?;
            return Err(JsonError::of_field(kind.section(), "expected an object"));
        }
    }
    let mut last: Arc<str> = Arc::default();
    cursor.fields(|cursor, key| {
        let source = session.read_next(cursor)?;
        // In the order that writers keep there is nothing to replace.
        if key <= last {
            environment.remove_object(kind, &key);
        }
        last = Arc::clone(&key);
        environment.put_object(kind, key, source, session);
        Ok(())
    })
}
