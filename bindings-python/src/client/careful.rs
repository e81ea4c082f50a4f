//! What a getter does besides evaluating, for clients and programs that need it: contexts and overrides of the current scope, hooks, and
//! the restart after a fork

use std::sync::atomic::{AtomicU8, Ordering};

use flagstaff::{ErrorCode, ExpectedType};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::getters::GetterArguments;
use super::{Client, lifecycle};
use crate::context::{self, ContextArgument};
use crate::convert::key;
use crate::details::EvaluationDetails;
use crate::events;
use crate::overrides;

/// Maximum number of evaluations with errors of one client that are logged
const MAX_WARNINGS: usize = 1_000;

/// What the getters of every client do besides evaluating: a sum of the next two constants
static DUTIES: AtomicU8 = AtomicU8::new(0);
/// Look up the contexts and overrides of a scope
const SCOPES: u8 = 1;
/// Deliver events, since no thread does
const DELIVERY: u8 = 2;

fn has_duty(duty: u8) -> bool {
    DUTIES.load(Ordering::Relaxed) & duty != 0
}

/// The program begins to use contexts and overrides of a scope, which getters look up from now on
#[pyfunction]
pub(crate) fn use_scopes() {
    DUTIES.fetch_or(SCOPES, Ordering::Relaxed);
}

/// Whether getters deliver events from now on, as in a process that runs no threads of Python's
#[pyfunction]
pub(crate) fn deliver_in_getters(is_on: bool) {
    if is_on {
        DUTIES.fetch_or(DELIVERY, Ordering::Relaxed);
    } else {
        DUTIES.fetch_and(!DELIVERY, Ordering::Relaxed);
    }
}

impl Client {
    /// Whether a getter has to do more than to evaluate
    #[inline]
    pub(super) fn needs_care(&self) -> bool {
        self.is_careful.load(Ordering::Relaxed) || DUTIES.load(Ordering::Relaxed) != 0
    }

    /// In the child process of a fork, starts the event thread; without one, delivers events
    pub(super) fn keep_events_flowing(&self, py: Python<'_>) -> PyResult<()> {
        let is_needed = &self.needs_event_thread;
        if is_needed.load(Ordering::Relaxed) && is_needed.swap(false, Ordering::AcqRel) {
            lifecycle(py)?.call_method0("ensure_thread")?;
            self.is_careful
                .store(self.options.needs_care(), Ordering::Relaxed);
        }
        if has_duty(DELIVERY) && events::has_events() {
            py.import("flagstaff._events")?.call_method0("deliver")?;
        }
        Ok(())
    }

    #[cold]
    pub(super) fn careful_value<'py>(
        &self,
        arguments: GetterArguments<'_, 'py>,
        expected: ExpectedType,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = arguments.1.py();
        self.careful_details(arguments, expected)?.get().value(py)
    }

    #[cold]
    pub(super) fn careful_details<'py>(
        &self,
        (flag, default, context): GetterArguments<'_, 'py>,
        expected: ExpectedType,
    ) -> PyResult<Bound<'py, EvaluationDetails>> {
        let py = default.py();
        self.keep_events_flowing(py)?;
        let context = self.effective_context(py, context)?;
        let overridden = match self.effective_overrides(py)? {
            Some(values) if key(flag).is_some() => values.get_item(flag)?,
            _ => None,
        };
        let details = match overridden {
            Some(value) => {
                let details = overrides::details(&flag.str()?, &value, Some(expected), &default)?;
                Bound::new(py, details)?
            }
            None => self.plain_details((flag, default, context.as_ref()), expected)?,
        };
        self.observe(&details, context.as_ref())?;
        Ok(details)
    }

    /// The context of an evaluation: the caller's, over that of the current scope, over the client's default
    pub(super) fn effective_context<'py>(
        &self,
        py: Python<'py>,
        given: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let default = self.options.default_context.as_ref();
        let merged = if default.is_some() || has_duty(SCOPES) {
            let default = default.map(|default| default.bind(py));
            let merged = scopes(py)?.call_method1("effective_context", (default, given))?;
            (!merged.is_none()).then_some(merged)
        } else {
            given.cloned()
        };
        let is_invalid = ContextArgument::new(merged.as_ref()).is_invalid();
        let as_dict = |merged: Bound<'py, PyAny>| {
            let dict = is_invalid.then(|| context::dict_of(&merged)).flatten();
            dict.map_or(merged, Bound::into_any)
        };
        Ok(merged.map(as_dict))
    }

    /// The overrides of flags in the current scope, if there are any
    pub(super) fn effective_overrides<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        if !has_duty(SCOPES) {
            return Ok(None);
        }
        let overrides = scopes(py)?.call_method1("effective_overrides", (self.id,))?;
        Ok(overrides.cast_into().ok())
    }

    /// Whether evaluations are observed
    pub(crate) fn is_observed(&self) -> bool {
        self.options.on_evaluation.is_some()
    }

    /// Calls the observer of evaluations, whose exceptions are logged
    pub(crate) fn observe(
        &self,
        details: &Bound<'_, EvaluationDetails>,
        context: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let py = details.py();
        if let Some(observer) = &self.options.on_evaluation {
            let call = py.import("flagstaff._warnings")?.getattr("call")?;
            call.call1((observer, details, context))?;
        }
        Ok(())
    }

    /// Logs, once for each flag and cause, why a flag is not evaluated as the caller expects
    #[cold]
    pub(crate) fn warn(
        &self,
        flag: &Bound<'_, PyAny>,
        error: Option<ErrorCode>,
        context: &ContextArgument<'_, '_>,
    ) {
        let py = flag.py();
        let warn = || {
            let code = error.map(ErrorCode::as_str);
            let known = self.warned.bind(py);
            // One record for all flags before the first snapshot.
            let subject = (error != Some(ErrorCode::ProviderNotReady)).then_some(flag);
            if known.len() > MAX_WARNINGS || known.contains((subject, code))? {
                return Ok(());
            }
            known.add((subject, code))?;
            let invalid = context.invalidity();
            let problem = invalid.as_deref().or_else(|| context.problem());
            let warnings = py.import("flagstaff._warnings")?;
            warnings
                .call_method1("warn", (flag, code, problem, known.len()))
                .map(drop)
        };
        // A getter does not raise, whatever the handlers of the program's logging do.
        if let Err(error) = warn() {
            error.write_unraisable(py, Some(flag));
        }
    }
}

/// The module of contexts and overrides of a scope
pub(super) fn scopes(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import("flagstaff._scopes")
}
