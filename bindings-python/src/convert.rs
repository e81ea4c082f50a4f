//! Python's values and the core's, both ways
//!
//! | Python | core |
//! |---|---|
//! | `None`, `bool`, `str` | the same; a `str` with a lone surrogate is foreign |
//! | `int` | the nearest double; foreign beyond the range of doubles |
//! | `float` | the same; NaN and infinity are foreign |
//! | `list`, `tuple` | an array, without its foreign elements |
//! | `dict` | an object, without foreign values and without keys that are no `str` |
//! | anything else | foreign: as an attribute it reads as missing |
//!
//! Subclasses count as their bases. A number without a fraction within ±(2^53 − 1) comes back as `int`.

use std::borrow::Cow;
use std::sync::Arc;

use flagstaff::{Attribute, Object, Value};
use flagstaff_core::safe_integer;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

/// Containers inside one another that are read; the core's limit for contexts, and an end to cycles
const DEPTH: usize = 64;

/// A Python object as an attribute; an object whose type JSON does not know is missing
pub(crate) fn attribute(object: &Bound<'_, PyAny>) -> Attribute<'static> {
    if let Ok(text) = object.cast::<PyString>() {
        let owned = |text: &str| Attribute::String(Cow::Owned(text.to_owned()));
        return text.to_str().map_or(Attribute::Missing, owned);
    }
    if object.is_instance_of::<PyDict>() {
        return Attribute::Object;
    }
    match scalar(object) {
        Some(Value::Null) => Attribute::Null,
        Some(Value::Boolean(boolean)) => Attribute::Boolean(boolean),
        Some(Value::Number(number)) => Attribute::Number(number),
        _ => array(object, 1).map_or(Attribute::Missing, |values| {
            Attribute::Array(Cow::Owned(values))
        }),
    }
}

/// A `str` as an attribute that is read in place; what is none, or has a lone surrogate, is missing
pub(crate) fn text<'a>(object: &'a Bound<'_, PyAny>) -> Attribute<'a> {
    let text = object
        .cast::<PyString>()
        .ok()
        .and_then(|text| text.to_str().ok());
    text.map_or(Attribute::Missing, |text| {
        Attribute::String(Cow::Borrowed(text))
    })
}

/// A Python object as a value of the core's; `None` for what is foreign to JSON
pub(crate) fn to_value(object: &Bound<'_, PyAny>) -> Option<Value> {
    value(object, 0)
}

/// The members of a dict that JSON can hold
pub(crate) fn to_members(dict: &Bound<'_, PyDict>) -> Object {
    members(dict, 1)
}

fn value(object: &Bound<'_, PyAny>, depth: usize) -> Option<Value> {
    if let Ok(text) = object.cast::<PyString>() {
        return text.to_str().ok().map(Value::from);
    }
    let inside = depth.saturating_add(1);
    if let Ok(dict) = object.cast::<PyDict>() {
        return (inside <= DEPTH).then(|| Value::Object(Arc::new(members(dict, inside))));
    }
    scalar(object).or_else(|| array(object, inside).map(Value::from))
}

/// `None`, a `bool` or a number
fn scalar(object: &Bound<'_, PyAny>) -> Option<Value> {
    // Before int, of which bool is a subclass.
    if let Ok(boolean) = object.cast::<PyBool>() {
        return Some(Value::Boolean(boolean.is_true()));
    }
    if object.is_instance_of::<PyInt>() || object.is_instance_of::<PyFloat>() {
        let number = object.extract::<f64>().ok();
        return number.filter(|number| number.is_finite()).map(Value::from);
    }
    object.is_none().then_some(Value::Null)
}

/// The elements of a `list` or a `tuple` that JSON can hold
fn array(object: &Bound<'_, PyAny>, depth: usize) -> Option<Vec<Value>> {
    if depth > DEPTH {
        return None;
    }
    let element = |element: Bound<'_, PyAny>| value(&element, depth);
    if let Ok(list) = object.cast::<PyList>() {
        return Some(list.iter().filter_map(element).collect());
    }
    let tuple = object.cast::<PyTuple>().ok()?;
    Some(tuple.iter().filter_map(element).collect())
}

fn members(dict: &Bound<'_, PyDict>, depth: usize) -> Object {
    let member = |(key, member): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
        let name = Arc::from(key.cast::<PyString>().ok()?.to_str().ok()?);
        Some((name, value(&member, depth)?))
    };
    dict.iter().filter_map(member).collect()
}

/// A value of the core's as a Python object of its own, which the caller may change
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

/// Members as a dict of the caller's own
pub(crate) fn to_dict<'py>(py: Python<'py>, members: &Object) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, member) in members {
        dict.set_item(&**name, to_python(py, member)?)?;
    }
    Ok(dict)
}
