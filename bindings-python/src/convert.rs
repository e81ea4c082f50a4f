//! Converts values of Python to those of the core, and back
//!
//! | Python | core |
//! |---|---|
//! | `None`, `bool`, `str`, `float` | the same |
//! | `int` | the nearest double |
//! | `list`, `tuple` and other sequences | an array |
//! | `set` and other sets | an array, in order |
//! | `dict` and other mappings | an object |
//! | `datetime`, `date`, `UUID` | text |
//! | `Decimal` and other real numbers | the nearest double |
//! | `Enum` | its value |
//! | a proxy such as Django's `SimpleLazyObject` | its target |
//! | Django's `QuerySet` and lazy texts | an array, text |
//!
//! Anything else is a problem, and so are NaN, infinity, an `int` beyond the range of doubles, a `str` with a lone surrogate and a key that
//! is not a `str`. A value with a problem is missing, and the first problem is noted for the caller. Subclasses count as their bases; the
//! types below the third row are converted by `flagstaff._values`. A number without a fraction within ±(2^53 − 1) comes back as `int`.

use std::borrow::Cow;
use std::sync::Arc;

use flagstaff::{Attribute, ExpectedType, JsonObject, Value};
use flagstaff_core::safe_integer;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::problem::Problem;

/// The maximum depth of nested containers: the core's limit for contexts, which also ends cycles
const MAX_DEPTH: usize = 64;

/// Converts a Python object to an attribute
pub(crate) fn attribute(object: &Bound<'_, PyAny>, problem: &Problem) -> Attribute<'static> {
    // A longer path reads the fields of an object.
    if object.is_instance_of::<PyDict>() {
        return Attribute::Object;
    }
    if let Ok(scalar) = scalar(object, problem) {
        return match scalar {
            Some(Value::Boolean(boolean)) => Attribute::Boolean(boolean),
            Some(Value::Number(number)) => Attribute::Number(number),
            Some(_) => Attribute::Null,
            None => Attribute::Missing,
        };
    }
    if let Some(values) = array(object, 1, problem) {
        return Attribute::Array(Cow::Owned(values));
    }
    match value(object, 0, problem) {
        Some(Value::Null) => Attribute::Null,
        Some(Value::Boolean(boolean)) => Attribute::Boolean(boolean),
        Some(Value::Number(number)) => Attribute::Number(number),
        Some(Value::String(text)) => Attribute::String(Cow::Owned((*text).to_owned())),
        Some(Value::Array(values)) => Attribute::Array(Cow::Owned(values.to_vec())),
        Some(Value::Object(_)) => Attribute::Object,
        None => Attribute::Missing,
    }
}

/// A `str` as an attribute that is read in place
pub(crate) fn string<'a>(object: &'a Bound<'_, PyAny>, problem: &Problem) -> Attribute<'a> {
    let text = object.cast::<PyString>().ok();
    text.and_then(|text| text_of(text, problem))
        .map_or(Attribute::Missing, |text| {
            Attribute::String(Cow::Borrowed(text))
        })
}

/// Converts a Python object to a value of the core
pub(crate) fn to_value(object: &Bound<'_, PyAny>, problem: &Problem) -> Option<Value> {
    value(object, 0, problem)
}

/// The members of a context
pub(crate) fn to_members(dict: &Bound<'_, PyDict>, problem: &Problem) -> JsonObject {
    let mut members = JsonObject::new();
    for (key, member) in dict.iter() {
        let of_member = Problem::default();
        if let Some((name, value)) = entry(&key, &member, 1, &of_member) {
            members.insert(name, value);
        }
        if let Some(text) = of_member.get() {
            problem.note(format!("attribute `{key}`: {text}"));
        }
    }
    members
}

/// Converts an object to one of a type closer to JSON, or notes why there is none
#[cold]
pub(crate) fn plain<'py>(
    object: &Bound<'py, PyAny>,
    problem: &Problem,
) -> Option<Bound<'py, PyAny>> {
    let convert = || {
        let values = object.py().import("flagstaff._values")?;
        values.call_method1("plain", (object,))
    };
    convert()
        .map_err(|error: PyErr| problem.note(error.value(object.py()).to_string()))
        .ok()
}

/// The text of a targeting key that is not a `str`; `None` if it cannot be a key
#[cold]
pub(crate) fn targeting_key(object: &Bound<'_, PyAny>) -> Option<String> {
    let values = object.py().import("flagstaff._values").ok()?;
    let text = values.call_method1("targeting_key", (object,)).ok()?;
    text.extract().ok()
}

fn value(object: &Bound<'_, PyAny>, depth: usize, problem: &Problem) -> Option<Value> {
    if let Ok(text) = object.cast::<PyString>() {
        return text_of(text, problem).map(Value::from);
    }
    if let Ok(scalar) = scalar(object, problem) {
        return scalar;
    }
    let inside = depth.saturating_add(1);
    if inside > MAX_DEPTH {
        let text = format!("there are more than {MAX_DEPTH} containers inside one another");
        problem.note(text);
        return None;
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        return Some(Value::Object(Arc::new(members(dict, inside, problem))));
    }
    if let Some(values) = array(object, inside, problem) {
        return Some(values.into());
    }
    // One level deeper, so that a type that converts to itself ends at the maximum depth.
    value(&plain(object, problem)?, inside, problem)
}

/// An object is neither `None` nor a `bool` nor a number
struct NotAScalar;

/// `None`, a `bool` or a number; there is no value for a number that JSON does not have
fn scalar(object: &Bound<'_, PyAny>, problem: &Problem) -> Result<Option<Value>, NotAScalar> {
    // Before int, of which bool is a subclass.
    if let Ok(boolean) = object.cast::<PyBool>() {
        return Ok(Some(Value::Boolean(boolean.is_true())));
    }
    if object.is_instance_of::<PyInt>() || object.is_instance_of::<PyFloat>() {
        return Ok(number(object, problem));
    }
    if object.is_none() {
        Ok(Some(Value::Null))
    } else {
        Err(NotAScalar)
    }
}

/// The elements of a `list` or a `tuple`
fn array(object: &Bound<'_, PyAny>, depth: usize, problem: &Problem) -> Option<Vec<Value>> {
    let element = |element: Bound<'_, PyAny>| value(&element, depth, problem);
    if let Ok(list) = object.cast::<PyList>() {
        return Some(list.iter().filter_map(element).collect());
    }
    let tuple = object.cast::<PyTuple>().ok()?;
    Some(tuple.iter().filter_map(element).collect())
}

fn text_of<'a>(text: &'a Bound<'_, PyString>, problem: &Problem) -> Option<&'a str> {
    let note = |_| problem.note("a `str` has a lone surrogate");
    text.to_str().map_err(note).ok()
}

fn number(object: &Bound<'_, PyAny>, problem: &Problem) -> Option<Value> {
    let number = object.extract::<f64>().ok();
    let number = number.filter(|number| number.is_finite());
    if number.is_none() {
        problem.note("NaN, infinity and an `int` of more than 309 digits are not numbers of JSON");
    }
    number.map(Value::from)
}

fn entry(
    key: &Bound<'_, PyAny>,
    member: &Bound<'_, PyAny>,
    depth: usize,
    problem: &Problem,
) -> Option<(Arc<str>, Value)> {
    let Ok(key) = key.cast::<PyString>() else {
        problem.note("a key is not a `str`");
        return None;
    };
    let name = text_of(key, problem)?;
    Some((name.into(), value(member, depth, problem)?))
}

fn members(dict: &Bound<'_, PyDict>, depth: usize, problem: &Problem) -> JsonObject {
    dict.iter()
        .filter_map(|(key, member)| entry(&key, &member, depth, problem))
        .collect()
}

/// Whether an object is one that JSON writes as an object or an array
pub(crate) fn is_container(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<PyDict>()
        || object.is_instance_of::<PyList>()
        || object.is_instance_of::<PyTuple>()
}

/// Converts a value of the core to a new Python object, which the caller may change
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Boolean(boolean) => PyBool::new(py, *boolean).to_owned().into_any(),
        Value::Number(number) => match safe_integer(*number) {
            Some(integer) => integer.into_pyobject(py)?.into_any(),
            None => PyFloat::new(py, *number).into_any(),
        },
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Array(values) => {
            let list = PyList::empty(py);
            for element in values.iter() {
                list.append(to_python(py, element)?)?;
            }
            list.into_any()
        }
        Value::Object(members) => to_dict(py, members)?.into_any(),
    })
}

/// The text of a flag's key; there is no flag with a key that is not a `str`
pub(crate) fn key<'a>(flag: &'a Bound<'_, PyAny>) -> Option<&'a str> {
    flag.cast::<PyString>().ok()?.to_str().ok()
}

/// The value served, as the getter's type
pub(crate) fn served<'py>(
    value: &Value,
    expected: Option<ExpectedType>,
    py: Python<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Number(number) if expected == Some(ExpectedType::Number) => {
            Ok(PyFloat::new(py, *number).into_any())
        }
        value => to_python(py, value),
    }
}

/// A new dict; changing it does not affect the flag
pub(crate) fn to_dict<'py>(py: Python<'py>, members: &JsonObject) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, member) in members {
        dict.set_item(&**name, to_python(py, member)?)?;
    }
    Ok(dict)
}
