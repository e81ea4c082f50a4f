//! The test vectors of other vendors, as requests to an [`Engine`]: those in `../shared/vendor-suites`, and those in `conformance/vendors`

mod growthbook;

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};

use flagstaff_core::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use crate::engine::Engine;

/// The vectors of one vendor
#[derive(Debug)]
pub struct Suite {
    /// The vendor's name
    pub name: &'static str,
    /// How many vectors there are
    pub count: usize,
    // Whether they are in this tree.
    is_own: bool,
    run: Run,
}

/// Asks the vectors in a folder
type Run = fn(&Path, &mut Judge<'_>) -> Result<(), Box<dyn Error>>;

/// Every suite
pub const SUITES: &[Suite] = &[
    Suite {
        name: "unleash",
        count: 279,
        is_own: false,
        run: unleash,
    },
    Suite {
        name: "eppo",
        count: 225,
        is_own: false,
        run: eppo,
    },
    Suite {
        name: "launchdarkly",
        count: 520,
        is_own: true,
        run: launchdarkly,
    },
    Suite {
        name: "flagsmith",
        count: 372,
        is_own: true,
        run: flagsmith,
    },
    Suite {
        name: "growthbook",
        count: 424,
        is_own: false,
        run: growthbook::run,
    },
    Suite {
        name: "flagd",
        count: 732,
        is_own: true,
        run: flagd,
    },
];

/// How many vectors an engine was asked, and what it answered otherwise
#[derive(Debug, Default)]
struct Judged {
    count: usize,
    failures: Vec<String>,
}

impl Suite {
    /// The folder with the vectors; `None` where it is not there
    pub fn folder(&self) -> Option<PathBuf> {
        let place = if self.is_own {
            "vendors"
        } else {
            "../../shared/vendor-suites"
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(place);
        folder.is_dir().then_some(folder)
    }

    /// Asks an engine every vector; what it answers otherwise is an error, and so is another number of vectors
    pub fn check(&self, engine: &mut dyn Engine) -> Result<(), Box<dyn Error>> {
        let folder = self.folder().ok_or("there is no ../shared/vendor-suites")?;
        let judged = self.run(&folder, engine)?;
        if !judged.failures.is_empty() {
            return Err(judged.failures.join("\n").into());
        }
        if judged.count != self.count {
            let (asked, expected) = (judged.count, self.count);
            return Err(format!("{asked} vectors were asked, expected {expected}").into());
        }
        Ok(())
    }

    fn run(&self, folder: &Path, engine: &mut dyn Engine) -> Result<Judged, Box<dyn Error>> {
        let mut judge = Judge {
            engine,
            judged: Judged::default(),
        };
        (self.run)(folder, &mut judge)?;
        Ok(judge.judged)
    }
}

struct Judge<'e> {
    engine: &'e mut dyn Engine,
    judged: Judged,
}

impl Judge<'_> {
    fn ask(&mut self, request: &Json) -> Result<Json, Box<dyn Error>> {
        let answer = self.engine.answer(&request.to_string())?;
        Ok(serde_json::from_str(&answer)?)
    }

    fn load(
        &mut self,
        vendor: &str,
        options: &Json,
        document: &Json,
    ) -> Result<(), Box<dyn Error>> {
        self.loaded(
            &json!({"op": "load", "vendor": vendor, "options": options, "document": document}),
        )
    }

    fn loaded(&mut self, request: &Json) -> Result<(), Box<dyn Error>> {
        let answer = self.ask(request)?;
        let is_whole = answer == json!({"ok": true, "issues": []});
        is_whole
            .then_some(())
            .ok_or_else(|| answer.to_string().into())
    }

    /// Asks one vector: these members of the outcome are expected
    fn vector(
        &mut self,
        name: &str,
        request: &Json,
        expected: &Json,
    ) -> Result<(), Box<dyn Error>> {
        let outcome = self.ask(request)?;
        let found = |member: &str| outcome.get(member).unwrap_or(&Json::Null);
        let expected = expected.as_object().into_iter().flatten();
        self.judged.count = self.judged.count.saturating_add(1);
        for (member, expected) in expected {
            if !is_equal(found(member), expected) {
                let failure = format!("{name}: `{member}` of {outcome}, expected {expected}");
                self.judged.failures.push(failure);
            }
        }
        Ok(())
    }
}

/// Equal as values are: numbers by their double
fn is_equal(left: &Json, right: &Json) -> bool {
    let value = |json: &Json| serde_json::from_value::<flagstaff_core::Value>(json.clone()).ok();
    value(left) == value(right)
}

fn read(path: &Path) -> Result<Json, Box<dyn Error>> {
    Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
}

fn at<'j>(json: &'j Json, name: &str) -> &'j Json {
    json.get(name).unwrap_or(&Json::Null)
}

fn list<'j>(json: &'j Json, name: &str) -> &'j [Json] {
    json.get(name)
        .and_then(Json::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A document of a vendor, and what is asked about it: a file that conformance/vendors/pin.py writes
#[derive(Debug, Deserialize)]
struct Group<'a> {
    name: String,
    // As text: the order of its members counts.
    #[serde(borrow)]
    document: &'a RawValue,
    cases: Vec<Asked>,
}

#[derive(Debug, Deserialize)]
struct Asked {
    flag: String,
    context: Json,
    answer: Json,
    /// The version of flagd's `fractional` with which the document is loaded
    #[serde(default = "default_fractional")]
    fractional: u8,
    /// In milliseconds
    #[serde(default)]
    now: i64,
    r#type: Option<String>,
}

const fn default_fractional() -> u8 {
    2
}

/// Asks what is pinned in this tree; `expected` makes of a vendor's answer what an outcome must have
fn pinned(
    file: &Path,
    judge: &mut Judge<'_>,
    expected: fn(Json) -> Json,
) -> Result<(), Box<dyn Error>> {
    let text = std::fs::read_to_string(file)?;
    let vendor = file.file_stem().and_then(|name| name.to_str());
    for group in serde_json::from_str::<Vec<Group<'_>>>(&text)? {
        let versions: BTreeSet<u8> = group.cases.iter().map(|asked| asked.fractional).collect();
        for fractional in versions {
            judge.loaded(&json!({
                "op": "load", "vendor": vendor, "options": {"fractional": fractional}, "documentText": group.document.get(),
            }))?;
            let cases = group.cases.iter();
            for asked in cases.filter(|asked| asked.fractional == fractional) {
                let request = json!({
                    "op": "evaluate", "flag": asked.flag, "context": asked.context, "type": asked.r#type,
                    "now": Timestamp::from_millis(asked.now).to_string(),
                });
                let name = format!("{} {} {}", group.name, asked.flag, asked.context);
                judge.vector(&name, &request, &expected(asked.answer.clone()))?;
            }
        }
    }
    Ok(())
}

fn flagd(folder: &Path, judge: &mut Judge<'_>) -> Result<(), Box<dyn Error>> {
    pinned(&folder.join("flagd.json"), judge, |answer| answer)
}

fn launchdarkly(folder: &Path, judge: &mut Judge<'_>) -> Result<(), Box<dyn Error>> {
    pinned(&folder.join("launchdarkly.json"), judge, |mut answer| {
        // What it is called here.
        if let Some(code) = answer.get_mut("errorCode")
            && *code == "MALFORMED_FLAG"
        {
            *code = "GENERAL".into();
        }
        answer
    })
}

fn flagsmith(folder: &Path, judge: &mut Judge<'_>) -> Result<(), Box<dyn Error>> {
    pinned(&folder.join("flagsmith.json"), judge, |answer| answer)
}

fn unleash(folder: &Path, judge: &mut Judge<'_>) -> Result<(), Box<dyn Error>> {
    let folder = folder.join("unleash/specifications");
    for name in list(
        &json!({"names": read(&folder.join("index.json"))?}),
        "names",
    ) {
        let file = read(&folder.join(name.as_str().unwrap_or_default()))?;
        judge.load(
            "unleash",
            &json!({}),
            file.get("state").unwrap_or(&Json::Null),
        )?;
        let request = |test: &Json| {
            json!({
                "op": "evaluate", "flag": at(test, "toggleName"), "context": at(test, "context"),
                "now": "2026-01-01T00:00:00Z",
            })
        };
        let described = |test: &Json| format!("{name} {}", at(test, "description"));
        for test in list(&file, "tests") {
            let expected = json!({"enabled": at(test, "expectedResult")});
            judge.vector(&described(test), &request(test), &expected)?;
        }
        for test in list(&file, "variantTests") {
            let result = at(test, "expectedResult");
            let payload = result.get("payload");
            let text = payload.and_then(|payload| at(payload, "value").as_str());
            let value = match payload.map(|payload| at(payload, "type")) {
                Some(kind) if kind == "json" || kind == "number" => {
                    serde_json::from_str(text.unwrap_or("null"))?
                }
                Some(_) => json!(text),
                None => Json::Null,
            };
            let is_enabled = *at(result, "enabled") == json!(true);
            let variant = if is_enabled {
                at(result, "name")
            } else {
                &Json::Null
            };
            let enabled = at(result, "feature_enabled");
            let expected = if payload.is_some() {
                json!({"enabled": enabled, "variant": variant, "value": value})
            } else {
                json!({"enabled": enabled, "variant": variant})
            };
            judge.vector(&described(test), &request(test), &expected)?;
        }
    }
    Ok(())
}

fn eppo(folder: &Path, judge: &mut Judge<'_>) -> Result<(), Box<dyn Error>> {
    let folder = folder.join("eppo/ufc");
    judge.load("eppo", &json!({}), &read(&folder.join("flags-v1.json"))?)?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder.join("tests"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    for path in files {
        let file = read(&path)?;
        let asked = match at(&file, "variationType").as_str() {
            Some("STRING") => "string",
            Some("INTEGER") => "integer",
            Some("NUMERIC") => "number",
            Some("BOOLEAN") => "boolean",
            _ => "object",
        };
        for subject in list(&file, "subjects") {
            let context = json!({
                "subjectKey": at(subject, "subjectKey"), "subjectAttributes": at(subject, "subjectAttributes"),
            });
            let request = json!({
                "op": "evaluate", "flag": at(&file, "flag"), "type": asked, "default": at(&file, "defaultValue"),
                "context": context, "now": "2026-01-01T00:00:00Z",
            });
            let details = at(subject, "evaluationDetails");
            let value = at(subject, "assignment");
            // An error has no variant here; Eppo names that of the invalid value.
            let is_error = *at(details, "flagEvaluationCode") == json!("ASSIGNMENT_ERROR");
            let expected = if is_error {
                json!({"value": value})
            } else {
                json!({"value": value, "variant": at(details, "variationKey")})
            };
            let name = format!("{} {}", at(&file, "flag"), at(subject, "subjectKey"));
            judge.vector(&name, &request, &expected)?;
        }
    }
    Ok(())
}
