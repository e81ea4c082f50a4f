//! The Rust testee: responds to requests with the Rust SDK, as lines of JSON

use std::error::Error;
use std::io::{self, BufRead as _, Write as _};

use flagstaff::{Client, Context, Value};
use flagstaff_conformance::imports::{self, VendorWords};
use flagstaff_conformance::{Request, answers};
use flagstaff_core::{Outcome, seed, slot};

const EMPTY: &str = r#"{"schemaVersion": 1, "flags": {}}"#;

struct Testee {
    client: Client,
    words: VendorWords,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut output = io::stdout().lock();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, vendor] = arguments.as_slice()
        && command == "import"
    {
        let request = io::read_to_string(io::stdin())?;
        writeln!(output, "{}", imports::answer(vendor, &request))?;
        return Ok(());
    }
    let mut testee = Testee {
        client: Client::from_document(EMPTY)?,
        words: VendorWords::default(),
    };
    for line in io::stdin().lock().lines() {
        let answer = match Request::parse(&line?) {
            Ok(request) => answer(&mut testee, request),
            Err(error) => answers::error(&error),
        };
        writeln!(output, "{}", answer.to_canonical())?;
        output.flush()?;
    }
    Ok(())
}

fn load(testee: &mut Testee, document: &str, words: VendorWords) -> Value {
    match Client::from_document(document) {
        Ok(client) => {
            let issues = answers::loaded(&client.issues());
            *testee = Testee { client, words };
            issues
        }
        Err(error) => answers::refused(&error),
    }
}

fn answer(testee: &mut Testee, request: Request<'_>) -> Value {
    let Testee { client, words } = testee;
    match request {
        Request::Load { document } => load(testee, &document, VendorWords::default()),
        Request::Import {
            vendor,
            options,
            document,
        } => match imports::import(&vendor, &options, &document) {
            Ok((document, words)) => load(testee, &document, words),
            Err(error) => answers::refused(&error),
        },
        Request::Evaluate(asked) => {
            let given = asked.expected_type;
            let asked = words.translate(asked);
            let context = Context::from_json(&asked.context);
            let outcome = client.evaluate(
                &asked.flag,
                asked.expected_type,
                &asked.default,
                &context,
                asked.now,
            );
            words.apply(&asked.flag, given, &asked.default, outcome)
        }
        Request::Explain(asked) => client.with_snapshot(|snapshot| {
            let context = Context::from_json(&asked.context);
            let (outcome, trace) =
                snapshot.explain(&asked.flag, asked.expected_type, &context, asked.now);
            outcome.to_explanation(trace, &asked.default)
        }),
        Request::EvaluateAll { context, now } => client.with_snapshot(|snapshot| {
            Outcome::all_to_value(
                &snapshot.evaluate_all(&Context::from_json(&context), now),
                &Value::Null,
            )
        }),
        // The SDK has no method for slots.
        Request::Bucket { salt, unit, total } => answers::slot(slot(&unit, seed(&salt), total)),
        _ => answers::unsupported(),
    }
}
