//! Every case in every binding, each in a separate process: one named test for each case and binding
//!
//! A binding that is not built fails all its tests. `conformance/testee` says where the builds are expected.

mod population;
mod vectors;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use flagstaff_conformance::{
    AT_LEAST, Binding, CaseFile, Engine, EngineError, Testee, cases_directory, discover, run,
    vendor_suites,
};
use libtest_mimic::{Arguments, Failed, Trial};

/// The testee of one binding, started by the first test that needs it
struct Shared {
    binding: Binding,
    state: Mutex<State>,
}

enum State {
    NotStarted,
    Running(Testee),
    // The error of every later test of the binding: a process that failed once is not used again.
    Failed(String),
}

impl Shared {
    fn new(binding: Binding) -> Arc<Self> {
        let state = Mutex::new(State::NotStarted);
        Arc::new(Self { binding, state })
    }

    /// Does `work` with exclusive access to the testee
    fn with(&self, work: impl FnOnce(&mut dyn Engine) -> Result<(), Failed>) -> Result<(), Failed> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::NotStarted) {
            let program = Path::new(env!("CARGO_BIN_EXE_flagstaff-testee"));
            *state = match Testee::start(self.binding, program) {
                Ok(testee) => State::Running(testee),
                Err(error) => State::Failed(error.to_string()),
            };
        }
        let mut failure = None;
        let result = match &mut *state {
            State::Running(testee) => work(&mut Watched {
                testee,
                failure: &mut failure,
            }),
            State::Failed(message) => Err(Failed::from(message.as_str())),
            State::NotStarted => Err(Failed::from("the testee is not started")),
        };
        if let Some(message) = failure {
            *state = State::Failed(message);
        }
        result
    }
}

/// A testee, or the error with which it failed
struct Watched<'a> {
    testee: &'a mut Testee,
    failure: &'a mut Option<String>,
}

impl Engine for Watched<'_> {
    fn answer(&mut self, request: &str) -> Result<String, EngineError> {
        let answer = self.testee.answer(request);
        if let Err(error) = &answer {
            *self.failure = Some(error.to_string());
        }
        answer
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let files: Vec<Arc<CaseFile>> = discover(&cases_directory())?
        .into_iter()
        .map(Arc::new)
        .collect();
    let number: usize = files.iter().map(|file| file.cases.len()).sum();
    if number < AT_LEAST {
        return Err(format!("found {number} cases, expected at least {AT_LEAST}").into());
    }
    let trials = Binding::ALL.into_iter().map(Shared::new);
    let trials = trials.flat_map(|testee| trials_of(&testee, &files));
    Ok(libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code())
}

fn trials_of(testee: &Arc<Shared>, files: &[Arc<CaseFile>]) -> Vec<Trial> {
    let mut trials: Vec<Trial> = files
        .iter()
        .flat_map(|file| cases_of(testee, file))
        .collect();
    for (name, test) in population::TESTS {
        let shared = Arc::clone(testee);
        trials.push(named(testee, name, move || shared.with(test)));
    }
    for suite in vendor_suites::SUITES {
        let shared = Arc::clone(testee);
        let name = format!("every vector of {}", suite.name);
        let trial = named(testee, &name, move || {
            shared.with(|engine| Ok(suite.check(engine)?))
        });
        // Listed as ignored, so that the output shows it.
        trials.push(trial.with_ignored_flag(suite.folder().is_none()));
    }
    let shared = Arc::clone(testee);
    let buckets = named(testee, "every unit has its slot for ever", move || {
        shared.with(vectors::every_unit_has_its_slot)
    });
    // Listed as ignored, so that the output shows it.
    trials.push(buckets.with_ignored_flag(!testee.binding.has_buckets()));
    trials
}

fn cases_of(testee: &Arc<Shared>, file: &Arc<CaseFile>) -> Vec<Trial> {
    let trial = |case: &flagstaff_conformance::Case| {
        let (shared, file, case) = (Arc::clone(testee), Arc::clone(file), case.clone());
        let name = format!("{}/{}", file.topic, case.name);
        let is_taken = testee.binding.takes(&case);
        let trial = named(testee, &name, move || {
            shared.with(|engine| run(&file, &case, engine).map_err(Failed::from))
        });
        trial.with_ignored_flag(!is_taken)
    };
    file.cases.iter().map(trial).collect()
}

fn named(
    testee: &Shared,
    name: &str,
    test: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Trial {
    Trial::test(format!("{}/{name}", testee.binding.as_str()), test)
}
