//! The Rust testee, over the Rust SDK: requests on standard input, answers on standard output, one JSON text a line

use std::error::Error;
use std::io::{self, BufRead as _, Write as _};

use flagstaff::{Client, Context, Value};
use flagstaff_conformance::{Request, answers};
use flagstaff_core::{Outcome, seed, slot};

const EMPTY: &str = r#"{"schemaVersion": 1, "flags": {}}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let mut client = Client::from_document(EMPTY)?;
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let answer = match Request::parse(&line?) {
            Ok(request) => answer(&mut client, request),
            Err(error) => answers::error(&error),
        };
        writeln!(output, "{}", answer.to_canonical())?;
        output.flush()?;
    }
    Ok(())
}

fn answer(client: &mut Client, request: Request<'_>) -> Value {
    match request {
        Request::Load { document } => match Client::from_document(&document) {
            Ok(loaded) => {
                *client = loaded;
                answers::loaded(&client.issues())
            }
            Err(error) => answers::refused(&error),
        },
        Request::Evaluate(asked) => {
            let context = Context::from_json(&asked.context);
            client.evaluate(
                &asked.flag,
                asked.value_type,
                &asked.default,
                &context,
                asked.now,
            )
        }
        Request::Explain(asked) => client.with_snapshot(|snapshot| {
            let context = Context::from_json(&asked.context);
            let (outcome, trace) =
                snapshot.explain(&asked.flag, asked.value_type, &context, asked.now);
            outcome.to_explanation(trace, &asked.default)
        }),
        Request::EvaluateAll { context, now } => client.with_snapshot(|snapshot| {
            Outcome::all_to_value(
                &snapshot.evaluate_all(&Context::from_json(&context), now),
                &Value::Null,
            )
        }),
        // The SDK has no use for slots, and so no way to ask for one.
        Request::Bucket { salt, unit, total } => answers::slot(slot(&unit, seed(&salt), total)),
        _ => answers::unsupported(),
    }
}
