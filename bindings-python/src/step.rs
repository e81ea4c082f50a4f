//! Which part of a flag decided, without a reference to its snapshot

use flagstaff_core::DecidingStep;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The `detail` of an outcome; most of them need no allocation
#[derive(Debug, Clone, Default)]
pub(crate) struct Step {
    // `None` if there was an error.
    name: Option<&'static str>,
    index: Option<usize>,
    // A level, a flag or the id of a rule.
    subject: Option<(&'static str, Box<str>)>,
    experiment: Option<Box<str>>,
}

impl Step {
    pub(crate) fn new(detail: DecidingStep<'_>) -> Self {
        let named = |name| Self {
            name: Some(name),
            ..Self::default()
        };
        match detail {
            DecidingStep::None => Self::default(),
            DecidingStep::Disabled => named("disabled"),
            DecidingStep::Expired => named("expired"),
            DecidingStep::Declined => named("declined"),
            DecidingStep::Prerequisite { flag } => Self {
                subject: Some(("flag", flag.into())),
                ..named("prerequisite")
            },
            DecidingStep::Override { level } => Self {
                subject: Some(("level", level.into())),
                ..named("override")
            },
            DecidingStep::Rule {
                index,
                id,
                experiment,
            } => Self {
                index: Some(index),
                subject: id.map(|id| ("id", id.into())),
                experiment: experiment.map(Into::into),
                ..named("rule")
            },
            DecidingStep::Serve { experiment } => Self {
                experiment: experiment.map(Into::into),
                ..named("serve")
            },
        }
    }

    /// `{"step": "rule", "index": 0, "id": "staff"}` and the like, as in every SDK
    pub(crate) fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        if let Some(name) = self.name {
            dict.set_item("step", name)?;
        }
        if let Some(index) = self.index {
            dict.set_item("index", index)?;
        }
        if let Some((name, text)) = &self.subject {
            dict.set_item(name, &**text)?;
        }
        if let Some(experiment) = &self.experiment {
            dict.set_item("experiment", &**experiment)?;
        }
        Ok(dict)
    }
}
