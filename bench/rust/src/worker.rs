//! Responds to the lines of the harness

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::{BufRead as _, Write as _, stdin, stdout};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::measure;
use crate::memory;
use crate::subject::{Kind, Subject, User};
use crate::threads;

/// A request of the harness, one JSON object a line
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "camelCase")]
enum Request {
    /// Loads the sets that the other requests need
    Open {
        user: User,
        kinds: Vec<(String, String)>,
    },
    /// The values for users
    Answers {
        flag: String,
        kind: String,
        users: Vec<User>,
    },
    /// The values of all flags for the user
    All,
    /// The time of one call
    Sample { workload: String, seconds: f64 },
    /// The time from text to a client that can evaluate
    Load,
    /// The memory that 10,000 flags add to a new process
    Memory,
    /// One thread and two
    Threads {
        workload: String,
        rounds: u32,
        seconds: f64,
    },
    /// One thread while snapshots are swapped
    Swaps {
        workload: String,
        rounds: u32,
        seconds: f64,
    },
}

struct Opened<S: Subject> {
    single: S,
    bulk: S,
    // One for each of two threads, so that they share only the client.
    contexts: [S::Context; 2],
    flags: Vec<(String, Kind)>,
    calls: HashMap<String, u64>,
}

/// Responds until standard input ends
pub fn run<S: Subject>(folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut opened = None;
    for line in stdin().lock().lines() {
        let answer = match serde_json::from_str(&line?)? {
            Request::Open { user, kinds } => {
                opened = Some(open::<S>(folder, &user, kinds)?);
                json!({})
            }
            Request::Load => load::<S>(folder)?,
            Request::Swaps {
                workload,
                rounds,
                seconds,
            } => {
                let opened = opened.as_ref().ok_or("not opened")?;
                let [context, _] = &opened.contexts;
                swaps::<S>(folder, context, &workload, (rounds, seconds))?
            }
            Request::Memory => added_memory::<S>(folder)?,
            request => opened.as_mut().ok_or("not opened")?.answer(request)?,
        };
        writeln!(stdout(), "{answer}")?;
    }
    Ok(())
}

fn open<S: Subject>(
    folder: &Path,
    user: &User,
    kinds: Vec<(String, String)>,
) -> Result<Opened<S>, Box<dyn Error>> {
    let kind_of = |kind: &str| match kind {
        "W3" => Kind::Text,
        _ => Kind::Boolean,
    };
    Ok(Opened {
        single: S::load(document::<S>(folder, "single")?)?,
        bulk: S::load(document::<S>(folder, "bulk")?)?,
        contexts: [S::context(user)?, S::context(user)?],
        flags: kinds
            .into_iter()
            .map(|(key, kind)| (key, kind_of(&kind)))
            .collect(),
        calls: HashMap::new(),
    })
}

impl<S: Subject> Opened<S> {
    fn answer(&mut self, request: Request) -> Result<Value, Box<dyn Error>> {
        match request {
            Request::Answers { flag, kind, users } => {
                let values: Result<Vec<Value>, _> = users
                    .iter()
                    .map(|user| self.value(&flag, kind == "W3", user))
                    .collect();
                Ok(json!({ "values": values? }))
            }
            Request::All => {
                let all = self.bulk.all(&self.flags, &self.contexts[0]);
                Ok(json!({ "values": S::read_all(&all) }))
            }
            Request::Sample { workload, seconds } => {
                let target = Duration::from_secs_f64(seconds);
                Ok(json!({ "ns": self.sample(&workload, target)? }))
            }
            Request::Threads {
                workload,
                rounds,
                seconds,
            } => {
                let target = Duration::from_secs_f64(seconds);
                self.threads(&workload, rounds, target)
            }
            Request::Open { .. } | Request::Load | Request::Memory | Request::Swaps { .. } => {
                Err("out of place".into())
            }
        }
    }

    fn value(&self, flag: &str, is_text: bool, user: &User) -> Result<Value, Box<dyn Error>> {
        let context = S::context(user)?;
        Ok(if is_text {
            S::read_text(&self.single.text(flag, &context)).into()
        } else {
            self.single.boolean(flag, &context).into()
        })
    }

    fn sample(&mut self, workload: &str, target: Duration) -> Result<f64, Box<dyn Error>> {
        let calls = &mut self.calls;
        let [context, _] = &self.contexts;
        let single = &self.single;
        match workload {
            "W1" => Ok(timed(calls, workload, target, || {
                single.boolean(black_box("w1"), black_box(context))
            })),
            "W2" => Ok(timed(calls, workload, target, || {
                single.boolean(black_box("w2"), black_box(context))
            })),
            "W3" => Ok(timed(calls, workload, target, || {
                single.text(black_box("w3"), black_box(context))
            })),
            "W4" => Ok(timed(calls, workload, target, || {
                single.boolean(black_box("w4"), black_box(context))
            })),
            "W5" => Ok(timed(calls, workload, target, || {
                self.bulk.all(&self.flags, black_box(context))
            })),
            _ => Err(format!("unknown workload `{workload}`").into()),
        }
    }

    fn threads(&self, cell: &str, rounds: u32, target: Duration) -> Result<Value, Box<dyn Error>> {
        let [first, second] = &self.contexts;
        let boolean = |context| {
            move || {
                black_box(self.single.boolean(black_box("w1"), context));
            }
        };
        let text = |context| {
            move || {
                black_box(self.single.text(black_box("w3"), context));
            }
        };
        let found = match cell {
            "W1" => threads::scaling(rounds, target, [&boolean(first), &boolean(second)]),
            "W3" => threads::scaling(rounds, target, [&text(first), &text(second)]),
            _ => return Err(format!("no threads for workload `{cell}`").into()),
        };
        Ok(json!({
            "one": found.calls.one, "two": found.calls.two,
            "controlOne": found.control.one, "controlTwo": found.control.two,
        }))
    }
}

/// One sample; the first one determines the number of calls
fn timed<T>(
    calls: &mut HashMap<String, u64>,
    workload: &str,
    target: Duration,
    call: impl Fn() -> T,
) -> f64 {
    let count = match calls.get(workload) {
        Some(count) => *count,
        None => measure::calibrate(target, &call),
    };
    calls.insert(workload.to_owned(), count);
    measure::per_call(measure::time(count, call), count)
}

fn swaps<S: Subject>(
    folder: &Path,
    context: &S::Context,
    workload: &str,
    (rounds, seconds): (u32, f64),
) -> Result<Value, Box<dyn Error>> {
    let (subject, feed) = S::following(&document::<S>(folder, "single")?)?;
    let boolean = || {
        black_box(subject.boolean(black_box("w1"), context));
    };
    let text = || {
        black_box(subject.text(black_box("w3"), context));
    };
    let target = Duration::from_secs_f64(seconds);
    let hurry = |is_hurrying| feed.hurry(is_hurrying);
    let before = subject.revision();
    let start = Instant::now();
    let found = match workload {
        "W1" => threads::swapping(rounds, target, boolean, hurry),
        "W3" => threads::swapping(rounds, target, text, hurry),
        _ => return Err(format!("no swaps for workload `{workload}`").into()),
    };
    // Snapshots are swapped during half of the turns.
    let per_second = (subject.revision() - before) as f64 / (start.elapsed().as_secs_f64() / 2.0);
    Ok(json!({ "resting": found.resting, "swapping": found.swapping, "swaps": per_second }))
}

fn load<S: Subject>(folder: &Path) -> Result<Value, Box<dyn Error>> {
    let text = document::<S>(folder, "large")?;
    let start = Instant::now();
    let subject = S::load(text)?;
    let took = start.elapsed();
    drop(subject);
    Ok(json!({ "ns": measure::per_call(took, 1) }))
}

fn added_memory<S: Subject>(folder: &Path) -> Result<Value, Box<dyn Error>> {
    // Excludes what the first load allocates once.
    drop(S::load(document::<S>(folder, "small")?)?);
    let before = memory::resident()?;
    let subject = S::load(document::<S>(folder, "large")?)?;
    let after = memory::resident()?;
    drop(subject);
    Ok(json!({ "bytes": after.saturating_sub(before) }))
}

fn document<S: Subject>(folder: &Path, set: &str) -> Result<String, Box<dyn Error>> {
    Ok(fs::read_to_string(
        folder.join(format!("{}-{set}.json", S::FORMAT)),
    )?)
}
