//! A document while it is read: member by member, and each object is compiled as soon as it has been read

use std::sync::Arc;

use crate::compile::Workshop;
use crate::environment::Environment;
use crate::error::SnapshotError;
use crate::forms::{self, Shape};
use crate::json::{Json, JsonError, Lexer};
use crate::names::Name;
use crate::object::ObjectKind;

impl Environment {
    /// Compiles a whole document, which names no versions
    pub(crate) fn from_json(document: &str) -> Result<Self, SnapshotError> {
        let mut workshop = Workshop::default();
        let read = Document::read(document, &mut workshop);
        if let Ok((environment, crate::SCHEMA_VERSION)) = read {
            return Ok(environment);
        }
        // A document of another version may spell the rest otherwise, and then it is the version that is wrong.
        let json = workshop.read_whole(document, &forms::VERSION)?;
        let found = json.get(Name::SchemaVersion).and_then(Json::whole);
        match found.filter(|found| *found != crate::SCHEMA_VERSION) {
            Some(found) => Err(SnapshotError::SchemaVersion { found }),
            None => Ok(read?.0),
        }
    }
}

struct Document<'d, 'w> {
    lexer: Lexer<'d>,
    workshop: &'w mut Workshop,
    environment: Environment,
    schema_version: u64,
}

impl<'d> Document<'d, '_> {
    /// The environment that a document describes, and the version of its form
    fn read(text: &'d str, workshop: &mut Workshop) -> Result<(Environment, u64), JsonError> {
        let mut document = Document {
            lexer: Lexer::new(text),
            workshop,
            environment: Environment::default(),
            schema_version: 0,
        };
        document.members()?;
        document.lexer.end()?;
        Ok((document.environment, document.schema_version))
    }

    fn members(&mut self) -> Result<(), JsonError> {
        let start = self.lexer.position();
        let mut has_next = self.lexer.open("a document, an object")?;
        let mut found = Vec::new();
        while has_next {
            let key = self.lexer.key_text()?;
            let mut known = forms::DOCUMENT.into_iter();
            let name = known.find(|name| name.as_str() == key);
            if found.contains(&name) && name.is_some() {
                return Err(self.lexer.error(format!("duplicate field `{key}`")));
            }
            found.push(name);
            self.member(name)?;
            has_next = self.lexer.has_next(true)?;
        }
        if found.contains(&Some(Name::SchemaVersion)) {
            return Ok(());
        }
        let message = "missing field `schemaVersion`";
        Err(JsonError::new(message, self.lexer.text(), start))
    }

    fn member(&mut self, name: Option<Name>) -> Result<(), JsonError> {
        let shape = match name {
            Some(Name::Flags) => return self.section(ObjectKind::Flag),
            Some(Name::Segments) => return self.section(ObjectKind::Segment),
            Some(Name::Groups) => return self.section(ObjectKind::Group),
            Some(Name::Holdouts) => return self.section(ObjectKind::Holdout),
            Some(Name::SchemaVersion) => &Shape::Whole,
            Some(Name::Revision) => &Shape::Optional(&Shape::Whole),
            Some(_) => &Shape::Optional(&Shape::Text),
            None => &Shape::Raw,
        };
        let source = self.workshop.read(&mut self.lexer)?;
        let json = self.workshop.checked(source, shape)?;
        let whole = json.whole().unwrap_or_default();
        match name {
            Some(Name::SchemaVersion) => self.schema_version = whole,
            Some(Name::Revision) => self.environment.revision = whole,
            Some(Name::Environment) => {
                self.environment.name = json.text().unwrap_or_default().into();
            }
            _ => {}
        }
        Ok(())
    }

    /// The objects of one kind by key; of a key that comes twice the last
    fn section(&mut self, kind: ObjectKind) -> Result<(), JsonError> {
        if self.lexer.skip_space() == Some(b'n') {
            let source = self.workshop.read(&mut self.lexer)?;
            return self
                .workshop
                .checked(source, &Shape::Optional(&Shape::Raw))
                .map(drop);
        }
        let mut has_next = self.lexer.open("a map")?;
        let mut last: Arc<str> = Arc::default();
        while has_next {
            let key: Arc<str> = self.lexer.key_text()?.into();
            let source = self.workshop.read(&mut self.lexer)?;
            // In the order that writers keep there is nothing to replace.
            if key <= last {
                self.environment.remove_owner(kind, &key);
            }
            last = Arc::clone(&key);
            self.environment.put_owner(kind, key, source, self.workshop);
            has_next = self.lexer.has_next(true)?;
        }
        Ok(())
    }
}
