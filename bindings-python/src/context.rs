//! Contexts: a dict that is read in place, or a `PreparedContext` that is created once for many evaluations

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::time::{Duration, UNIX_EPOCH};

use flagstaff::{Attribute, AttributePath, Attributes, Context, ContextError};
use flagstaff_core::limits::MAX_ATTRIBUTES;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::convert;
use crate::error::InvalidContextError;
use crate::names;
use crate::problem::Problem;

/// A context that is converted once, for code that evaluates many flags for one context
///
/// Immutable; later changes of its dict have no effect.
#[pyclass(module = "flagstaff", frozen, eq)]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PreparedContext {
    context: Context,
    members: flagstaff::JsonObject,
}

impl PreparedContext {
    /// The context of a dict; a value that is not one of JSON's is missing, and noted
    fn of_dict(dict: &Bound<'_, PyDict>, problem: &Problem) -> Result<Self, ContextError> {
        check(dict)?;
        let mut members = convert::to_members(dict, problem);
        if let Some(key) = text_key(dict) {
            members.insert("targetingKey".into(), key.into());
        }
        let context = Context::try_from(flagstaff::Value::Object(members.clone().into()))?;
        Ok(Self { context, members })
    }
}

#[pymethods]
impl PreparedContext {
    #[new]
    #[pyo3(signature = (targeting_key = None, attributes = None))]
    fn new(
        py: Python<'_>,
        targeting_key: Option<Bound<'_, PyAny>>,
        attributes: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let dict = match attributes {
            Some(attributes) => dict_of(&attributes)
                .ok_or_else(|| invalid(&ContextError::NotAnObject))?
                .copy()?,
            None => PyDict::new(py),
        };
        if let Some(key) = targeting_key {
            dict.set_item(names::targeting_key(py), key)?;
        }
        let problem = Problem::default();
        let converted = Self::of_dict(&dict, &problem).map_err(|error| invalid(&error))?;
        match problem.get() {
            Some(text) => Err(InvalidContextError::new_err(text.to_owned())),
            None => Ok(converted),
        }
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
            "PreparedContext({key}, {})",
            self.attributes(py)?.repr()?
        ))
    }

    fn _sign(&self, secret: &str, key: &str, expires: u64) -> String {
        let expires = UNIX_EPOCH.checked_add(Duration::from_secs(expires));
        flagstaff::sign_context(secret, key, &self.context, expires.unwrap_or(UNIX_EPOCH))
    }

    fn __getnewargs__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Option<Bound<'py, PyAny>>, Bound<'py, PyDict>)> {
        Ok((self.targeting_key(py)?, self.attributes(py)?))
    }
}

/// The context argument of a getter
pub(crate) struct ContextArgument<'a, 'py> {
    source: Source<'a, 'py>,
    problem: Problem,
    // The whole context of a dict, after it was first needed.
    whole: OnceCell<Option<Context>>,
}

enum Source<'a, 'py> {
    Dict(DictAttributes<'a, 'py>),
    Prepared(&'a PreparedContext),
    Missing,
    Invalid,
}

/// Strings of a dict that are read in place; further ones are copied
const MAX_IN_PLACE: usize = 8;

/// The attributes of a dict
struct DictAttributes<'a, 'py> {
    dict: &'a Bound<'py, PyDict>,
    // References to the strings that are read in place, since the dict may change meanwhile.
    strings: [OnceCell<Bound<'py, PyAny>>; MAX_IN_PLACE],
    next: Cell<usize>,
}

impl<'a, 'py> DictAttributes<'a, 'py> {
    fn new(dict: &'a Bound<'py, PyDict>) -> Self {
        Self {
            dict,
            strings: [const { OnceCell::new() }; MAX_IN_PLACE],
            next: Cell::new(0),
        }
    }

    fn attribute(&self, path: &AttributePath, problem: &Problem) -> Attribute<'_> {
        let Some(found) = read(self.dict, path) else {
            return Attribute::Missing;
        };
        if !found.is_instance_of::<PyString>() {
            return other(&found, path, problem);
        }
        let position = self.next.get();
        match self.strings.get(position) {
            Some(place) => {
                self.next.set(position.saturating_add(1));
                let of_value = Problem::default();
                let attribute = convert::string(place.get_or_init(|| found), &of_value);
                note(path, &of_value, problem);
                attribute
            }
            None => other(&found, path, problem),
        }
    }
}

/// An attribute that is not a string
fn other(found: &Bound<'_, PyAny>, path: &AttributePath, problem: &Problem) -> Attribute<'static> {
    if is_targeting_key(path)
        && !found.is_none()
        && let Some(text) = convert::targeting_key(found)
    {
        return Attribute::String(text.into());
    }
    let of_value = Problem::default();
    let attribute = convert::attribute(found, &of_value);
    note(path, &of_value, problem);
    attribute
}

/// Notes the problem of a value with the path of its attribute
#[inline]
fn note(path: &AttributePath, of_value: &Problem, problem: &Problem) {
    if let Some(text) = of_value.get() {
        problem.note(format!("attribute `{}`: {text}", path.segments().join("/")));
    }
}

fn is_targeting_key(path: &AttributePath) -> bool {
    matches!(path.segments(), [name] if **name == *"targetingKey")
}

impl<'a, 'py> ContextArgument<'a, 'py> {
    /// Anything else than a dict, a `PreparedContext` and `None` is an invalid context, not an exception
    #[inline]
    pub(crate) fn new(context: Option<&'a Bound<'py, PyAny>>) -> Self {
        let source = match context {
            None => Source::Missing,
            Some(context) => {
                if let Ok(dict) = context.cast::<PyDict>() {
                    Source::Dict(DictAttributes::new(dict))
                } else if let Ok(prepared) = context.cast::<PreparedContext>() {
                    Source::Prepared(prepared.get())
                } else {
                    Source::Invalid
                }
            }
        };
        Self {
            source,
            problem: Problem::default(),
            whole: OnceCell::new(),
        }
    }

    /// Whether this is neither a dict nor a `PreparedContext`; another mapping counts as invalid here too
    #[inline]
    pub(crate) fn is_invalid(&self) -> bool {
        matches!(self.source, Source::Invalid)
    }

    /// Why the context is invalid, if it is
    pub(crate) fn invalidity(&self) -> Option<String> {
        self.validate().err().map(|error| error.to_string())
    }

    /// Why the context was not read as the caller expects, if that is so
    #[inline]
    pub(crate) fn problem(&self) -> Option<&str> {
        self.problem.get()
    }
}

impl Attributes for ContextArgument<'_, '_> {
    fn attribute(&self, path: &AttributePath) -> Attribute<'_> {
        match &self.source {
            Source::Dict(reader) => reader.attribute(path, &self.problem),
            Source::Prepared(prepared) => prepared.context.attribute(path),
            Source::Missing | Source::Invalid => Attribute::Missing,
        }
    }

    fn validate(&self) -> Result<(), ContextError> {
        match &self.source {
            Source::Dict(reader) => check(reader.dict),
            // An invalid one cannot be created.
            Source::Prepared(_) | Source::Missing => Ok(()),
            Source::Invalid => Err(ContextError::NotAnObject),
        }
    }

    fn whole(&self) -> Option<Cow<'_, Context>> {
        match &self.source {
            Source::Dict(reader) => {
                let read = || PreparedContext::of_dict(reader.dict, &self.problem).ok();
                let whole = self.whole.get_or_init(|| Some(read()?.context));
                whole.as_ref().map(Cow::Borrowed)
            }
            Source::Prepared(prepared) => Some(Cow::Borrowed(&prepared.context)),
            Source::Missing => Some(Cow::Owned(Context::default())),
            Source::Invalid => None,
        }
    }
}

/// Converts the context argument of a getter to the core's type, which can be read without the interpreter
pub(crate) fn with_converted<T>(
    context: Option<&Bound<'_, PyAny>>,
    problem: &Problem,
    read: impl FnOnce(&Result<Context, ContextError>) -> T,
) -> T {
    let argument = ContextArgument::new(context);
    match argument.source {
        Source::Prepared(prepared) => read(&Ok(prepared.context.clone())),
        Source::Dict(reader) => {
            read(&PreparedContext::of_dict(reader.dict, problem).map(|prepared| prepared.context))
        }
        Source::Missing => read(&Ok(Context::default())),
        Source::Invalid => read(&Err(ContextError::NotAnObject)),
    }
}

/// A context as a dict, if it is another mapping
pub(crate) fn dict_of<'py>(context: &Bound<'py, PyAny>) -> Option<Bound<'py, PyDict>> {
    if let Ok(dict) = context.cast::<PyDict>() {
        return Some(dict.clone());
    }
    convert::plain(context, &Problem::default())?
        .cast_into()
        .ok()
}

/// A context as a new dict
pub(crate) fn new_dict(context: &Bound<'_, PyAny>) -> PyResult<Py<PyDict>> {
    let scopes = context.py().import("flagstaff._scopes")?;
    Ok(scopes
        .call_method1("as_dict", (context,))?
        .cast_into()?
        .unbind())
}

/// Follows a path through dicts; a key whose comparison raises is missing
fn read<'py>(dict: &Bound<'py, PyDict>, path: &AttributePath) -> Option<Bound<'py, PyAny>> {
    let mut found = dict.get_item(names::first(dict.py(), path)?).ok()??;
    for segment in path.segments().iter().skip(1) {
        found = dict_of(&found)?.get_item(&**segment).ok()??;
    }
    Some(found)
}

/// Whether a dict is a valid context
fn check(dict: &Bound<'_, PyDict>) -> Result<(), ContextError> {
    if dict.len() > MAX_ATTRIBUTES {
        return Err(ContextError::TooManyAttributes);
    }
    check_key(dict)
}

/// A `targetingKey` is a `str`, an `int`, a UUID, an enum of these, `None` or absent
fn check_key(dict: &Bound<'_, PyDict>) -> Result<(), ContextError> {
    match dict.get_item(names::targeting_key(dict.py())) {
        Ok(Some(key))
            if !key.is_none()
                && !key.is_instance_of::<PyString>()
                && convert::targeting_key(&key).is_none() =>
        {
            Err(ContextError::InvalidTargetingKey)
        }
        _ => Ok(()),
    }
}

/// The text of a targeting key of another type
fn text_key(dict: &Bound<'_, PyDict>) -> Option<String> {
    let key = dict.get_item(names::targeting_key(dict.py())).ok()??;
    (!key.is_none() && !key.is_instance_of::<PyString>())
        .then(|| convert::targeting_key(&key))
        .flatten()
}

fn invalid(error: &ContextError) -> PyErr {
    InvalidContextError::new_err(error.to_string())
}
