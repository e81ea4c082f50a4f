//! A case as a sequence of requests, each with the expected response

use serde_json::{Map, Value as Json, json};

use crate::case::{Case, CaseFile};
use crate::engine::{Engine, EngineError};
use crate::in_process::Core;
use crate::judgement::{Expectation, judge};

/// A case failed
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// There is no response
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The response is not valid JSON
    #[error("the response to {request} is not valid JSON: {answer}")]
    Text {
        /// The request
        request: String,
        /// The response
        answer: String,
    },
    /// A field of the response differs from the expectation of the case
    #[error(
        "`{member}` is {found}, but the case expects {expected}\n  request: {request}\n  answer:  {answer}"
    )]
    Expectation {
        /// The pointer to the field
        member: String,
        /// Its value
        found: String,
        /// The expected value
        expected: String,
        /// The request
        request: String,
        /// The response
        answer: String,
    },
    /// The response differs from that of the core
    #[error(
        "the answer is not the core's\n  request: {request}\n  answer:  {answer}\n  core:    {core}"
    )]
    Difference {
        /// The request
        request: String,
        /// The response
        answer: String,
        /// The response of the core
        core: String,
    },
}

/// Sends the requests of `case` to `engine` and compares the responses
pub fn run(file: &CaseFile, case: &Case, engine: &mut dyn Engine) -> Result<(), Failure> {
    let mut core = Core::default();
    let mut previous = String::new();
    for (request, expectation) in script(file, case) {
        let request = request.to_string();
        let answer = engine.answer(&request)?;
        let of_core = core.answer(&request)?;
        // A trace may be nested too deeply for a parser; only its bytes are compared.
        let parsed = match expectation {
            Expectation::Explained => Json::Null,
            _ => serde_json::from_str(&answer).map_err(|_| Failure::Text {
                request: shortened(&request),
                answer: shortened(&answer),
            })?,
        };
        if let Err((member, found, expected)) = judge(&expectation, &answer, &parsed, &previous) {
            return Err(Failure::Expectation {
                member,
                found: shortened(&found),
                expected: shortened(&expected),
                request: shortened(&request),
                answer: shortened(&answer),
            });
        }
        // Every binding refuses the document, but each has its own message.
        if answer != of_core && !matches!(expectation, Expectation::Refused) {
            return Err(Failure::Difference {
                request: shortened(&request),
                answer: shortened(&answer),
                core: shortened(&of_core),
            });
        }
        previous = answer;
    }
    Ok(())
}

/// A shortened text for messages
fn shortened(text: &str) -> String {
    match text.char_indices().nth(2_000) {
        Some((end, _)) => format!(
            "{}… ({} bytes)",
            text.get(..end).unwrap_or(text),
            text.len()
        ),
        None => text.to_owned(),
    }
}

fn script<'a>(file: &'a CaseFile, case: &'a Case) -> Vec<(Json, Expectation<'a>)> {
    let own = case
        .document_text
        .as_ref()
        .map(|text| json!({"op": "load", "documentText": text}));
    let own = own.or_else(|| {
        case.document
            .as_ref()
            .map(|document| json!({"op": "load", "document": document}))
    });
    let shared = file
        .document
        .as_ref()
        .map(|document| json!({"op": "load", "document": document}));
    let issues = case.issues.as_deref();
    let mut steps = match own {
        // A refused document must leave the previous one in use, so load one first.
        Some(own) if case.refused => {
            let before = shared.map(|shared| (shared, Expectation::Loaded(None)));
            before
                .into_iter()
                .chain([(own, Expectation::Refused)])
                .collect()
        }
        own => own
            .or(shared)
            .map(|load| (load, Expectation::Loaded(issues)))
            .into_iter()
            .collect::<Vec<_>>(),
    };
    if let Some(flag) = &case.flag {
        let request = evaluation(case, "evaluate", Some(flag));
        steps.push((
            request,
            Expectation::Outcome {
                members: case.expect.as_ref(),
                text: case.answer.as_deref(),
            },
        ));
        steps.push((
            evaluation(case, "explain", Some(flag)),
            Expectation::Explained,
        ));
    }
    if let Some(outcomes) = &case.expect_all {
        steps.push((
            evaluation(case, "evaluateAll", None),
            Expectation::Outcomes(outcomes),
        ));
    }
    steps
}

fn evaluation(case: &Case, operation: &str, flag: Option<&str>) -> Json {
    let mut request = Map::new();
    request.insert("op".into(), operation.into());
    if let Some(flag) = flag {
        request.insert("flag".into(), flag.into());
        request.insert("type".into(), json!(case.expected_type));
        request.insert("default".into(), case.default.clone().unwrap_or_default());
    }
    match (&case.context_text, &case.context) {
        (Some(text), _) => request.insert("contextText".into(), text.as_str().into()),
        (None, context) => request.insert(
            "context".into(),
            context.clone().unwrap_or_else(|| json!({})),
        ),
    };
    request.insert(
        "now".into(),
        case.now.as_deref().unwrap_or(Case::NOW).into(),
    );
    Json::Object(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An engine that returns the responses of the core, changed by a function
    struct Changed<F: Fn(String) -> String>(Core, F);

    impl<F: Fn(String) -> String> Engine for Changed<F> {
        fn answer(&mut self, request: &str) -> Result<String, EngineError> {
            self.0.answer(request).map(&self.1)
        }
    }

    fn run_case(case: &Json, change: impl Fn(String) -> String) -> Result<(), Failure> {
        let file = json!({
            "description": "d", "cases": [case],
            "document": {"schemaVersion": 1, "flags": {
                "f": {"type": "boolean", "enabled": true, "serve": "on"},
                "broken": {"type": "boolean", "enabled": true, "serve": "maybe"},
            }},
        });
        let file: CaseFile = serde_json::from_value(file).unwrap();
        run(&file, &file.cases[0], &mut Changed(Core::default(), change))
    }

    fn member(result: Result<(), Failure>) -> String {
        match result {
            Err(Failure::Expectation { member, .. }) => member,
            other => panic!("expected an unmet expectation, got {other:?}"),
        }
    }

    #[test]
    fn what_a_case_expects_passes() {
        for case in [
            json!({"name": "n", "flag": "f", "expect": {"value": true, "variant": "on"}}),
            json!({"name": "n", "issues": [{"pointer": "/flags/broken/serve", "message": "unknown variant `maybe`"}]}),
            json!({"name": "n", "expectAll": {"f": {"enabled": true}, "broken": {"errorCode": "PARSE_ERROR"}}}),
            json!({"name": "n", "documentText": "{", "refused": true, "flag": "f", "expect": {"variant": "on"}}),
        ] {
            run_case(&case, |answer| answer).unwrap();
        }
    }

    #[test]
    fn what_a_case_does_not_expect_fails() {
        for (case, expected) in [
            (
                json!({"name": "n", "flag": "f", "expect": {"variant": "off"}}),
                "/variant",
            ),
            (
                json!({"name": "n", "flag": "f", "expect": {"value": 1}}),
                "/value",
            ),
            (json!({"name": "n", "flag": "f", "answer": "{}"}), ""),
            (json!({"name": "n", "issues": []}), "/issues"),
            (
                json!({"name": "n", "issues": [{"pointer": "/flags/broken/serve", "message": "?"}]}),
                "/issues/0/message",
            ),
            (
                json!({"name": "n", "expectAll": {"f": {"enabled": true}}}),
                "/flags",
            ),
            (
                json!({"name": "n", "expectAll": {"f": {"enabled": false}, "broken": {"enabled": false}}}),
                "/flags/f/enabled",
            ),
            (
                json!({"name": "n", "documentText": "{", "flag": "f", "expect": {"variant": "on"}}),
                "/ok",
            ),
            (
                json!({"name": "n", "document": {"schemaVersion": 1, "flags": {}}, "refused": true}),
                "/ok",
            ),
        ] {
            assert_eq!(member(run_case(&case, |answer| answer)), expected, "{case}");
        }
    }

    #[test]
    fn an_answer_that_is_not_the_cores_to_the_byte_fails() {
        let case = json!({"name": "n", "flag": "f", "expect": {"variant": "on"}});
        for change in [
            |answer: String| answer.replace(':', ": "),
            |answer: String| answer.replace(r#""metadata":{}"#, r#""metadata":{"x":1}"#),
        ] {
            let result = run_case(&case, change);
            assert!(
                matches!(result, Err(Failure::Difference { .. })),
                "{result:?}"
            );
        }
    }

    #[test]
    fn an_explanation_of_another_outcome_fails() {
        let case = json!({"name": "n", "flag": "f", "expect": {"variant": "on"}});
        let change = |answer: String| answer.replace(r#"{"outcome":{"#, r#"{"outcome":{"x":1,"#);
        assert_eq!(member(run_case(&case, change)), "/outcome");
    }

    #[test]
    fn an_answer_that_is_no_json_fails() {
        let case = json!({"name": "n", "flag": "f", "expect": {"variant": "on"}});
        let result = run_case(&case, |_| "{".into());
        assert!(matches!(result, Err(Failure::Text { .. })), "{result:?}");
    }
}
