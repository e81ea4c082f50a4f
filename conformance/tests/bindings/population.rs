//! Many units with a fixed seed: the same outcomes as the core, and the expected shares

use flagstaff_conformance::{Case, Core, Engine};
use libtest_mimic::Failed;
use serde_json::{Value as Json, json};

type Test = fn(&mut dyn Engine) -> Result<(), Failed>;

/// Each test by its name
pub(crate) const TESTS: [(&str, Test); 2] = [
    (
        "10,000 units get the same answers as from the core",
        the_same_answers,
    ),
    (
        "a rollout of 50 % takes 45 to 55 % of 1,000 users",
        half_of_the_users,
    ),
];

const UNITS: u32 = 10_000;
const USERS: u32 = 1_000;
const SEED: u64 = 20_261_121;

/// The characters of ids: letters of many scripts, characters of two UTF-16 units, and combining marks
const ALPHABETS: [&str; 6] = [
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@",
    "àéîõüßæøłŞıİŒñ",
    "一二三用户名前ユーザー사용자",
    "пользователμεένοςמשתמש",
    "😀🚀🧪🇸🇪👩\u{200d}🔬\u{10ffff}𝔘",
    "a\u{301}e\u{300}o\u{308}n\u{303}\u{1109}\u{1161}",
];

fn document() -> String {
    let variants = json!({"control": "c", "blue": "b", "green": "g"});
    let arms = json!([
        {"variant": "control", "weight": 50_000},
        {"variant": "blue", "weight": 30_000},
        {"variant": "green", "weight": 20_000},
    ]);
    let document = json!({"schemaVersion": 1, "flags": {
        "rollout": {"type": "boolean", "enabled": true, "salt": "population", "serve": {"variant": "on", "rollout": 37.5}},
        "split": {"type": "string", "enabled": true, "salt": "population", "variants": variants, "offVariant": "control",
            "serve": {"arms": arms}},
        "half": {"type": "boolean", "enabled": true, "salt": "half", "serve": {"variant": "on", "rollout": 50}},
    }});
    json!({"op": "load", "document": document}).to_string()
}

fn question(flag: &str, unit: &str) -> String {
    let context = json!({"targetingKey": unit});
    json!({"op": "evaluate", "flag": flag, "type": null, "default": null, "context": context, "now": Case::NOW}).to_string()
}

fn the_same_answers(engine: &mut dyn Engine) -> Result<(), Failed> {
    let mut core = Core::default();
    let load = document();
    if engine.answer(&load)? != core.answer(&load)? {
        return Err("the document is not loaded as by the core".into());
    }
    let mut random = Random(SEED);
    for _ in 0..UNITS {
        let unit = random.unit();
        for flag in ["rollout", "split"] {
            let request = question(flag, &unit);
            let (answer, expected) = (engine.answer(&request)?, core.answer(&request)?);
            if answer != expected {
                return Err(format!("{request}\n  answer: {answer}\n  core:   {expected}").into());
            }
        }
    }
    Ok(())
}

fn half_of_the_users(engine: &mut dyn Engine) -> Result<(), Failed> {
    engine.answer(&document())?;
    let mut enabled = 0_u32;
    for number in 0..USERS {
        let answer: Json =
            serde_json::from_str(&engine.answer(&question("half", &format!("user-{number}")))?)?;
        if answer.get("enabled") == Some(&Json::Bool(true)) {
            enabled = enabled.saturating_add(1);
        }
    }
    if (450..=550).contains(&enabled) {
        Ok(())
    } else {
        Err(format!("{enabled} of {USERS} users").into())
    }
}

/// `SplitMix64` (Steele, Lea, Flood 2014): the same units on every machine
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A position below `length`, which is small: the bias does not matter here
    fn below(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.next().checked_rem(length).unwrap_or_default()).unwrap_or_default()
    }

    /// An id of 1 to 40 characters of one alphabet
    fn unit(&mut self) -> String {
        let position = self.below(ALPHABETS.len());
        let alphabet: Vec<char> = ALPHABETS
            .get(position)
            .map(|letters| letters.chars().collect())
            .unwrap_or_default();
        let length = self.below(40).saturating_add(1);
        (0..length)
            .filter_map(|_| alphabet.get(self.below(alphabet.len())).copied())
            .collect()
    }
}
