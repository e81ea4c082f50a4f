//! Who is asking: a dict as it is, or an `EvaluationContext` made once for many questions

use std::cell::{Cell, OnceCell};

use flagstaff::{Attribute, AttributePath, Attributes, Context, ContextError};
use flagstaff_core::limits::ATTRIBUTES;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::convert;
use crate::names;

/// A context that is converted once, for code that evaluates many flags for the same one
///
/// Immutable; later changes of the dict it was made of are not seen. Values that JSON has no word for are left out.
#[pyclass(module = "flagstaff", frozen, eq)]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EvaluationContext {
    context: Result<Context, ContextError>,
    members: flagstaff::Object,
}

#[pymethods]
impl EvaluationContext {
    #[new]
    #[pyo3(signature = (targeting_key = None, attributes = None))]
    fn new(
        targeting_key: Option<&Bound<'_, PyString>>,
        attributes: Option<&Bound<'_, PyDict>>,
    ) -> Self {
        let mut members = attributes.map(convert::to_members).unwrap_or_default();
        // What Python has and JSON has not counts too, as where a dict is read in place.
        let is_large = attributes.is_some_and(|attributes| {
            let key = names::targeting_key(attributes.py());
            let adds_key = targeting_key.is_some() && !attributes.contains(key).unwrap_or_default();
            attributes.len().saturating_add(usize::from(adds_key)) > ATTRIBUTES
        });
        if is_large {
            return Self {
                context: Err(ContextError::TooManyAttributes),
                members,
            };
        }
        if let Some(key) = targeting_key {
            match convert::to_value(key) {
                Some(key) => members.insert("targetingKey".into(), key),
                None => members.remove("targetingKey"),
            };
        } else if let Some(Err(error)) = attributes.map(check_key) {
            return Self {
                context: Err(error),
                members,
            };
        }
        let context = Context::try_from(flagstaff::Value::Object(members.clone().into()));
        Self { context, members }
    }

    #[getter]
    fn targeting_key<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.members
            .get("targetingKey")
            .map(|key| convert::to_python(py, key))
            .transpose()
    }

    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let mut members = self.members.clone();
        members.remove("targetingKey");
        convert::to_dict(py, &members)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let key = self.targeting_key(py)?;
        let key = key.map_or_else(
            || Ok("None".to_owned()),
            |key| key.repr().map(|text| text.to_string()),
        )?;
        Ok(format!(
            "EvaluationContext({key}, {})",
            self.attributes(py)?.repr()?
        ))
    }

    fn __getnewargs__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Option<Bound<'py, PyAny>>, Bound<'py, PyDict>)> {
        Ok((self.targeting_key(py)?, self.attributes(py)?))
    }
}

/// The context argument of a getter
pub(crate) enum Asker<'a, 'py> {
    Dict(DictReader<'a, 'py>),
    Prepared(&'a EvaluationContext),
    Nobody,
    Invalid,
}

/// Texts of a dict that are read in place; the others are copied
const HELD: usize = 8;

/// Reads attributes from a dict
pub(crate) struct DictReader<'a, 'py> {
    dict: &'a Bound<'py, PyDict>,
    // What was found, so that its text can be read in place whatever becomes of the dict meanwhile.
    held: [OnceCell<Bound<'py, PyAny>>; HELD],
    next: Cell<usize>,
}

impl<'a, 'py> DictReader<'a, 'py> {
    fn new(dict: &'a Bound<'py, PyDict>) -> Self {
        Self {
            dict,
            held: [const { OnceCell::new() }; HELD],
            next: Cell::new(0),
        }
    }

    fn attribute(&self, path: &AttributePath) -> Attribute<'_> {
        let Some(found) = read(self.dict, path) else {
            return Attribute::Missing;
        };
        if !found.is_instance_of::<PyString>() {
            return convert::attribute(&found);
        }
        let position = self.next.get();
        match self.held.get(position) {
            Some(place) => {
                self.next.set(position.saturating_add(1));
                convert::text(place.get_or_init(|| found))
            }
            None => convert::attribute(&found),
        }
    }
}

impl<'a, 'py> Asker<'a, 'py> {
    /// What is no dict, no `EvaluationContext` and not `None` is an invalid context, not an exception
    pub(crate) fn new(context: Option<&'a Bound<'py, PyAny>>) -> Self {
        let Some(context) = context else {
            return Self::Nobody;
        };
        if let Ok(dict) = context.cast::<PyDict>() {
            Self::Dict(DictReader::new(dict))
        } else if let Ok(prepared) = context.cast::<EvaluationContext>() {
            Self::Prepared(prepared.get())
        } else {
            Self::Invalid
        }
    }
}

impl Attributes for Asker<'_, '_> {
    fn attribute(&self, path: &AttributePath) -> Attribute<'_> {
        match self {
            Self::Dict(reader) => reader.attribute(path),
            Self::Prepared(prepared) => prepared.context.attribute(path),
            Self::Nobody | Self::Invalid => Attribute::Missing,
        }
    }

    fn validate(&self) -> Result<(), ContextError> {
        match self {
            Self::Dict(reader) => check(reader.dict),
            Self::Prepared(prepared) => prepared.context.validate(),
            Self::Nobody => Ok(()),
            Self::Invalid => Err(ContextError::NoObject),
        }
    }
}

/// Reads the context argument of a getter as the core's own, which needs no interpreter
pub(crate) fn with_own<T>(
    context: Option<&Bound<'_, PyAny>>,
    read: impl FnOnce(&Result<Context, ContextError>) -> T,
) -> T {
    match Asker::new(context) {
        Asker::Prepared(prepared) => read(&prepared.context),
        Asker::Dict(reader) => read(&EvaluationContext::new(None, Some(reader.dict)).context),
        Asker::Nobody => read(&Ok(Context::default())),
        Asker::Invalid => read(&Err(ContextError::NoObject)),
    }
}

/// Follows a path through dicts; a key whose comparison raises is one that is not there
fn read<'py>(dict: &Bound<'py, PyDict>, path: &AttributePath) -> Option<Bound<'py, PyAny>> {
    let mut found = dict.get_item(names::first(dict.py(), path)?).ok()??;
    for segment in path.segments().iter().skip(1) {
        found = found.cast::<PyDict>().ok()?.get_item(&**segment).ok()??;
    }
    Some(found)
}

/// What makes a dict no context
fn check(dict: &Bound<'_, PyDict>) -> Result<(), ContextError> {
    if dict.len() > ATTRIBUTES {
        return Err(ContextError::TooManyAttributes);
    }
    check_key(dict)
}

/// A `targetingKey` is a `str`, `None` or absent
fn check_key(dict: &Bound<'_, PyDict>) -> Result<(), ContextError> {
    match dict.get_item(names::targeting_key(dict.py())) {
        Ok(Some(key)) if !key.is_none() && !key.is_instance_of::<PyString>() => {
            Err(ContextError::TargetingKey)
        }
        _ => Ok(()),
    }
}
