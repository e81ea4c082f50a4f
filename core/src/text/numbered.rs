//! Evaluation in numbers: what the host asks with and what it is answered crosses its boundary without strings
//!
//! The host describes a flag to itself once for a snapshot, asks by position, and keeps for each number that comes back the
//! outcome that [`TextReplica::evaluate`] tells in text.

use crate::context::{Attributes, Context};
use crate::evaluate::OutcomeNumber;
use crate::outcome::ValueType;
use crate::path::AttributePath;
use crate::text::packed::{self, PackedContext};
use crate::text::{TextReplica, timestamp};
use crate::value::Value;

/// More attributes than that are not worth reading one by one
const PATHS: usize = 64;

/// Where the numbers of all flags begin in shared memory
const NUMBERS: usize = 8;

/// Which evaluation is asked for
#[derive(Debug, Clone, Copy)]
pub struct NumberQuery {
    /// The flag's position, as [`TextReplica::describe`] names it
    pub flag: u32,
    /// 0 for any type, else the position in [`ValueType::ALL`] plus one
    pub expected: u32,
    /// A context that is kept, or 0 for the one in shared memory
    pub context: u32,
}

/// Contexts that the host has handed over to be asked about again; their names begin with 1
#[derive(Debug, Default)]
pub(super) struct Kept {
    contexts: Vec<Option<Box<Context>>>,
    free: Vec<u32>,
}

impl Kept {
    fn get(&self, name: u32) -> Option<&Context> {
        self.contexts.get(position_of(name)?)?.as_deref()
    }

    fn keep(&mut self, context: Context) -> Option<u32> {
        let context = Some(Box::new(context));
        let Some(name) = self.free.pop() else {
            self.contexts.push(context);
            return u32::try_from(self.contexts.len()).ok();
        };
        *self.contexts.get_mut(position_of(name)?)? = context;
        Some(name)
    }

    fn forget(&mut self, name: u32) {
        let place = position_of(name).and_then(|position| self.contexts.get_mut(position));
        if place.and_then(Option::take).is_some() {
            self.free.push(name);
        }
    }
}

fn position_of(name: u32) -> Option<usize> {
    usize::try_from(name.checked_sub(1)?).ok()
}

impl TextReplica {
    /// What the host must know of a flag to ask for it in numbers: `{"position", "isConstant", "isTimed", "paths"}`, or `None` where
    /// there is no such flag
    ///
    /// `paths` are the attributes that the host must write, in this order, each as a list of names, or `null` where it is better
    /// to keep the context whole. All of it holds until the next commit.
    pub fn describe(&mut self, flag: &str) -> Option<String> {
        let snapshot = self.replica.current();
        let position = snapshot.position(flag)?;
        let linked = snapshot.flags.get(position)?.flag.as_deref();
        let paths = linked.map_or_else(|| Some(Box::default()), |linked| linked.paths(PATHS));
        let names = |path: &AttributePath| -> Value {
            let names = path.segments().iter().map(|name| Value::from(&**name));
            Value::Array(names.collect())
        };
        let listed = paths.as_ref().map_or(Value::Null, |paths| {
            Value::Array(paths.iter().map(names).collect())
        });
        let description = Value::object([
            ("position", Value::from(u32::try_from(position).ok()?)),
            (
                "isConstant",
                linked
                    .is_none_or(|linked| linked.constant().is_some())
                    .into(),
            ),
            (
                "isTimed",
                linked.is_some_and(|linked| linked.is_timed).into(),
            ),
            ("paths", listed),
        ]);
        if self.paths.len() < snapshot.flags.len() {
            self.paths.resize_with(snapshot.flags.len(), || None);
        }
        if let Some(held) = self.paths.get_mut(position) {
            *held = paths;
        }
        Some(description.to_canonical())
    }

    /// The keys of all flags, by position: an array
    pub fn keys(&self) -> String {
        let flags = self.replica.current().flags.iter();
        Value::Array(flags.map(|entry| Value::from(&*entry.key)).collect()).to_canonical()
    }

    /// Keeps a context and names it; 0 where the text is no valid context
    pub fn keep(&mut self, context: &str) -> u32 {
        let context = Context::from_json(context).ok();
        context
            .and_then(|context| self.kept.keep(context))
            .unwrap_or(0)
    }

    /// Forgets a context; its name may be given to another one
    pub fn forget(&mut self, name: u32) {
        self.kept.forget(name);
    }

    /// The number of an outcome: of one flag and one type, outcomes of the same number are equal until the next commit
    ///
    /// Negative where it has none, for which the host asks [`TextReplica::evaluate`].
    pub fn number(&self, query: NumberQuery, memory: &[u8]) -> i32 {
        self.find_number(query, memory).map_or(-1, signed)
    }

    fn find_number(&self, query: NumberQuery, memory: &[u8]) -> Option<OutcomeNumber> {
        let position = usize::try_from(query.flag).ok()?;
        let expected = match query.expected.checked_sub(1) {
            Some(kind) => Some(*ValueType::ALL.get(usize::try_from(kind).ok()?)?),
            None => None,
        };
        let now = || timestamp(packed::instant(memory));
        let snapshot = self.replica.current();
        let packed;
        // Behind a pointer, so that a module for browsers has one evaluation and not one for each kind of context.
        let context: &dyn Attributes = if query.context == 0 {
            // Without a description the host cannot know what to write, nor this what it wrote.
            let paths = self.paths.get(position)?.as_ref()?;
            packed = PackedContext { paths, memory };
            &packed
        } else {
            self.kept.get(query.context)?
        };
        snapshot.number(position, expected, context, now)
    }

    /// The numbers of all flags for a context that is kept, by position, from byte 8 of the memory on, 4 bytes each; `false` where
    /// there is no such context or too little memory
    pub fn numbers(&self, context: u32, memory: &mut [u8]) -> bool {
        let snapshot = self.replica.current();
        let now = timestamp(packed::instant(memory));
        let places = memory.get_mut(NUMBERS..).unwrap_or_default();
        let (places, _) = places.as_chunks_mut();
        let Some(context) = self.kept.get(context) else {
            return false;
        };
        let context: &dyn Attributes = context;
        if places.len() < snapshot.flags.len() {
            return false;
        }
        for (position, place) in (0..snapshot.flags.len()).zip(places) {
            let number = snapshot.number(position, None, context, || now);
            *place = number.map_or(-1, signed).to_ne_bytes();
        }
        true
    }
}

fn signed(number: OutcomeNumber) -> i32 {
    i32::try_from(number).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded() -> TextReplica {
        let mut replica = TextReplica::default();
        let document = r#"{"schemaVersion": 1, "flags": {
            "a": {"type": "boolean", "enabled": true, "serve": "on"},
            "b": {"type": "boolean", "enabled": true, "serve": {"variant": "on", "rollout": 50}},
            "broken": {"type": 1},
            "o": {"type": "object", "enabled": true, "variants": {"x": {"n": 1}}, "offVariant": "x", "serve": "x",
                  "overrides": {"user": {"u1": {"patch": {"n": 2}}}}},
            "t": {"type": "boolean", "enabled": true, "serve": "on", "expiresAt": 5}}}"#;
        replica.load(document).unwrap();
        replica
    }

    fn ask(replica: &TextReplica, flag: u32, context: u32) -> i32 {
        let query = NumberQuery {
            flag,
            expected: 0,
            context,
        };
        replica.number(query, &[0; 8])
    }

    #[test]
    fn a_flag_is_described_by_what_a_host_must_know() {
        let mut replica = loaded();
        assert_eq!(replica.keys(), r#"["a","b","broken","o","t"]"#);
        let mut described = |flag| replica.describe(flag);
        assert_eq!(described("nowhere"), None);
        assert_eq!(
            described("a").unwrap(),
            r#"{"isConstant":true,"isTimed":false,"paths":[],"position":0}"#
        );
        assert_eq!(
            described("b").unwrap(),
            r#"{"isConstant":false,"isTimed":false,"paths":[["targetingKey"]],"position":1}"#
        );
        assert_eq!(
            described("broken").unwrap(),
            r#"{"isConstant":true,"isTimed":false,"paths":[],"position":2}"#
        );
        assert_eq!(
            described("t").unwrap(),
            r#"{"isConstant":false,"isTimed":true,"paths":[],"position":4}"#
        );
    }

    #[test]
    fn a_patched_outcome_has_no_number() {
        let mut replica = loaded();
        let patched = replica.keep(r#"{"targetingKey": "u1"}"#);
        let plain = replica.keep(r#"{"targetingKey": "u2"}"#);
        assert_eq!(ask(&replica, 3, patched), -1);
        assert!(ask(&replica, 3, plain) >= 0);
    }

    #[test]
    fn what_was_forgotten_or_never_was_has_no_number() {
        let mut replica = loaded();
        assert_eq!(replica.keep("[]"), 0);
        let (one, two) = (replica.keep("{}"), replica.keep("{}"));
        assert_eq!((one, two), (1, 2));
        assert!(ask(&replica, 1, one) >= 0);
        replica.forget(one);
        replica.forget(one);
        assert_eq!(ask(&replica, 1, one), -1);
        assert_eq!((replica.keep("{}"), replica.keep("{}")), (1, 3));
        assert_eq!(ask(&replica, 99, two), -1);
        let query = NumberQuery {
            flag: 1,
            expected: 6,
            context: two,
        };
        assert_eq!(replica.number(query, &[]), -1);
    }

    #[test]
    fn forgetting_no_context_forgets_none() {
        let mut replica = loaded();
        let one = replica.keep("{}");
        let none = replica.keep("[]");
        replica.forget(none);
        assert!(ask(&replica, 1, one) >= 0);
        assert_eq!(replica.keep("{}"), 2);
    }

    #[test]
    fn memory_that_is_too_small_is_refused_and_odd_memory_reads_as_missing() {
        let mut replica = loaded();
        let context = replica.keep("{}");
        assert!(!replica.numbers(context, &mut [0; 27]));
        assert!(replica.numbers(context, &mut [0; 28]));
        assert!(!replica.numbers(99, &mut [0; 28]));
        replica.describe("b");
        let missing = ask(&replica, 1, context);
        let mut memory = [0xff_u8; 24];
        for kind in 0..9_u32 {
            memory[8..12].copy_from_slice(&kind.to_ne_bytes());
            let query = NumberQuery {
                flag: 1,
                expected: 0,
                context: 0,
            };
            assert_eq!(replica.number(query, &memory), missing, "{kind}");
            assert_eq!(replica.number(query, &memory[..20]), missing, "{kind}");
        }
    }

    #[test]
    fn a_commit_makes_positions_and_paths_anew() {
        let mut replica = loaded();
        let context = replica.keep("{}");
        replica.describe("b");
        replica
            .load(r#"{"schemaVersion": 1, "flags": {"b": {"type": "boolean", "enabled": true, "serve": "on"}}}"#)
            .unwrap();
        assert_eq!(replica.keys(), r#"["b"]"#);
        assert_eq!(ask(&replica, 1, context), -1);
        assert_eq!(ask(&replica, 0, 0), -1);
        replica.describe("b");
        assert_eq!(ask(&replica, 0, 0), ask(&replica, 0, context));
    }

    #[test]
    fn a_flag_that_was_not_described_has_no_number_for_a_context_in_memory() {
        let mut replica = loaded();
        replica.describe("t");
        for flag in 0..4 {
            assert_eq!(ask(&replica, flag, 0), -1, "{flag}");
        }
        replica.describe("b");
        assert!(ask(&replica, 1, 0) >= 0);
        assert_eq!(ask(&replica, 0, 0), -1);
    }
}
