//! The engine in this process: the core itself, with which all others are compared

use flagstaff_core::{Context, Outcome, Snapshot, Value, seed, slot};

use crate::answers;
use crate::engine::{Engine, EngineError};
use crate::imports::{self, VendorWords};
use crate::request::Request;

/// The core and its current snapshot
#[derive(Debug, Default)]
pub struct Core {
    snapshot: Snapshot,
    words: VendorWords,
}

impl Engine for Core {
    fn answer(&mut self, request: &str) -> Result<String, EngineError> {
        let answer = match Request::parse(request) {
            Ok(request) => self.answer_to(request),
            Err(error) => answers::error(&error),
        };
        Ok(answer.to_canonical())
    }
}

impl Core {
    fn load(&mut self, document: &str, words: VendorWords) -> Value {
        match Snapshot::from_json(document) {
            Ok(snapshot) => {
                self.snapshot = snapshot;
                self.words = words;
                answers::loaded(self.snapshot.issues())
            }
            Err(error) => answers::refused(&error),
        }
    }

    fn answer_to(&mut self, request: Request<'_>) -> Value {
        match request {
            Request::Load { document } => self.load(&document, VendorWords::default()),
            Request::Import {
                vendor,
                options,
                document,
            } => match imports::import(&vendor, &options, &document) {
                Ok((document, words)) => self.load(&document, words),
                Err(error) => answers::refused(&error),
            },
            Request::Evaluate(asked) => {
                let given = asked.expected_type;
                let asked = self.words.translate(asked);
                let context = Context::from_json(&asked.context);
                let outcome =
                    self.snapshot
                        .evaluate(&asked.flag, asked.expected_type, &context, asked.now);
                let outcome = outcome.to_value(&asked.default);
                (self.words).apply(&asked.flag, given, &asked.default, outcome)
            }
            Request::Explain(asked) => {
                let context = Context::from_json(&asked.context);
                let (outcome, trace) =
                    self.snapshot
                        .explain(&asked.flag, asked.expected_type, &context, asked.now);
                outcome.to_explanation(trace, &asked.default)
            }
            Request::EvaluateAll { context, now } => Outcome::all_to_value(
                &self
                    .snapshot
                    .evaluate_all(&Context::from_json(&context), now),
                &Value::Null,
            ),
            Request::Bucket { salt, unit, total } => answers::slot(slot(&unit, seed(&salt), total)),
            Request::Unsupported => answers::unsupported(),
        }
    }
}
