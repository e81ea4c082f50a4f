//! Prints a flag's value at the start and whenever it or the client's status changes, one JSON line each
//!
//! `cargo run --example watch -- URL KEY FLAG [TARGETING_KEY]`; ends when standard input does, or on SIGTERM.

use std::error::Error;
use std::io::Write as _;

use flagstaff::{Client, Context, Timestamp, Value};
use tokio::io::{AsyncReadExt as _, stdin};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(key), Some(flag)) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: watch URL KEY FLAG [TARGETING_KEY]".into());
    };
    let context = arguments.next().map_or_else(Context::default, Context::new);
    let client = Client::builder(url, key).build()?;
    let mut changes = client.changes();
    client.start();
    let mut terminated = signal(SignalKind::terminate())?;
    let mut printed = None;
    loop {
        let line = line(&client, &flag, &context);
        if printed.as_ref() != Some(&line) {
            writeln!(std::io::stdout(), "{line}")?;
            printed = Some(line);
        }
        tokio::select! {
            change = changes.next() => if change.is_none() { break },
            _ = terminated.recv() => break,
            () = end_of_input() => break,
        }
    }
    client.close();
    // Standard input is read on a thread that cannot be interrupted, and the runtime would wait for it.
    std::process::exit(0);
}

fn line(client: &Client, flag: &str, context: &Context) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    let now = Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
    let value = client.with_snapshot(|snapshot| {
        let outcome = snapshot.evaluate(flag, None, context, now);
        outcome.value_or(&Value::Null).clone()
    });
    let line = [
        ("flag", flag.into()),
        ("value", value),
        ("status", client.status().as_str().into()),
    ];
    Value::object(line).to_canonical()
}

async fn end_of_input() {
    let mut buffer = [0; 256];
    // An input that cannot be read has ended too.
    while stdin().read(&mut buffer).await.is_ok_and(|count| count > 0) {}
}
