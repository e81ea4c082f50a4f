//! Reads the vendor's file as JSON; errors contain pointers

use std::cell::RefCell;
use std::fmt;

use flagstaff_core::inspect::push_part;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};

use crate::ImportError;

/// Reads a file. A repeated key in an object is an error: parsers differ in which one counts, and so may the vendor's SDKs
pub(crate) fn read(text: &str) -> Result<Json, ImportError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let place = RefCell::default();
    let value = Strict(&place).deserialize(&mut reader);
    let value = value.and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| {
        let what_to_do = if error.is_eof() {
            "it is cut off: download it again"
        } else {
            "correct it, or download it again"
        };
        let place = place.take();
        let place = if place.is_empty() {
            String::new()
        } else {
            format!(", in `{place}`")
        };
        ImportError::Json(format!("{error}{place}; {what_to_do}"))
    })
}

/// Reads JSON without duplicate keys; contains the pointer of the current value, which is that of the error after a failure
#[derive(Clone, Copy)]
struct Strict<'p>(&'p RefCell<String>);

impl Strict<'_> {
    /// Reads a value below the current pointer
    fn below<T, E>(self, part: &str, read: impl FnOnce(Self) -> Result<T, E>) -> Result<T, E> {
        let length = self.0.borrow().len();
        push_part(&mut self.0.borrow_mut(), part);
        let read = read(self)?;
        self.0.borrow_mut().truncate(length);
        Ok(read)
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        loop {
            let index = elements.len().to_string();
            let element = self.below(&index, |strict| list.next_element_seed(strict))?;
            match element {
                Some(element) => elements.push(element),
                None => return Ok(Json::Array(elements)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom(format!("the key `{name}` comes twice")));
            }
            let value = self.below(&name, |strict| map.next_value_seed(strict))?;
            members.insert(name, value);
        }
        Ok(Json::Object(members))
    }
}

/// A value of a file and its pointer
#[derive(Debug, Clone)]
pub(crate) struct At<'j> {
    pub(crate) value: &'j Json,
    pub(crate) pointer: String,
}

impl<'j> At<'j> {
    pub(crate) fn root(value: &'j Json) -> Self {
        Self {
            value,
            pointer: String::new(),
        }
    }

    /// An error at this value
    pub(crate) fn error(&self, message: impl Into<String>) -> ImportError {
        ImportError::Shape {
            pointer: self.pointer.clone(),
            message: message.into(),
        }
    }

    fn below(&self, name: &str, value: &'j Json) -> Self {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        Self {
            value,
            pointer: format!("{}/{escaped}", self.pointer),
        }
    }

    /// The field of this name; `null` counts as absent
    pub(crate) fn get(&self, name: &str) -> Option<Self> {
        let found = self.value.get(name).filter(|found| !found.is_null())?;
        Some(self.below(name, found))
    }

    /// The pointer of a field, even if the field is missing
    pub(crate) fn pointer_of(&self, name: &str) -> String {
        self.below(name, &Json::Null).pointer
    }

    /// The elements of the list of this name; none where it is absent
    pub(crate) fn list(&self, name: &str) -> Result<Vec<Self>, ImportError> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(list) => list.elements(),
        }
    }

    /// The elements of a list
    pub(crate) fn elements(&self) -> Result<Vec<Self>, ImportError> {
        let Json::Array(elements) = self.value else {
            return Err(self.error("expected an array"));
        };
        let elements = elements.iter().enumerate();
        Ok(elements
            .map(|(index, element)| self.below(&index.to_string(), element))
            .collect())
    }

    /// The members of an object, in the order of their names
    pub(crate) fn members(&self) -> Result<Vec<(&'j str, Self)>, ImportError> {
        let Json::Object(members) = self.value else {
            return Err(self.error("expected an object"));
        };
        let members = members.iter();
        Ok(members
            .map(|(name, value)| (name.as_str(), self.below(name, value)))
            .collect())
    }

    /// The text of this name
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'j str>, ImportError> {
        let found = self.get(name);
        let Some(found) = found else { return Ok(None) };
        match found.value {
            Json::String(text) => Ok(Some(text)),
            _ => Err(found.error("expected a string")),
        }
    }

    /// The text of this name, which is required
    pub(crate) fn required(&self, name: &str) -> Result<&'j str, ImportError> {
        let text = self.text(name)?;
        text.ok_or_else(|| self.error(format!("missing `{name}`")))
    }

    /// The boolean of this name; `default` if it is absent
    pub(crate) fn boolean(&self, name: &str, default: bool) -> Result<bool, ImportError> {
        let Some(found) = self.get(name) else {
            return Ok(default);
        };
        (found.value.as_bool()).ok_or_else(|| found.error("expected true or false"))
    }

    /// The whole number of this name, not negative
    pub(crate) fn whole(&self, name: &str) -> Result<Option<u64>, ImportError> {
        let Some(found) = self.get(name) else {
            return Ok(None);
        };
        let number = found.value.as_u64();
        number
            .map(Some)
            .ok_or_else(|| found.error("expected a whole number, not negative"))
    }
}
