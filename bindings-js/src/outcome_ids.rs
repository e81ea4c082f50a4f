//! Evaluation by numbers: neither a query nor its result crosses the boundary of the host as a string
//!
//! The host describes a flag once for each snapshot, evaluates it by index, and caches for each outcome id the outcome that
//! [`JsonReplica::evaluate`] returns as text.

use crate::packed::{self, PackedContext};
use crate::{JsonReplica, timestamp};
use flagstaff_core::{AttributePath, Attributes, Context, ExpectedType, OutcomeId, Value};

/// Maximum number of attributes that are read one by one; with more it is faster to pass the whole context
const MAX_PATHS: usize = 64;

/// The offset in shared memory of the outcome ids of all flags
const IDS: usize = 8;

/// A flag, a type and a context, each by number
#[derive(Debug, Clone, Copy)]
pub struct OutcomeIdQuery {
    /// The flag's index, as [`JsonReplica::describe_flag`] returns it
    pub flag: u32,
    /// 0 for any type, else the position in [`ExpectedType::ALL`] plus one
    pub expected: u32,
    /// The id of a stored context, or 0 for the one in shared memory
    pub context: u32,
}

/// Contexts that the host stores because it evaluates them again; their ids begin with 1
#[derive(Debug, Default)]
pub(super) struct StoredContexts {
    contexts: Vec<Option<Box<Context>>>,
    free: Vec<u32>,
}

impl StoredContexts {
    fn get(&self, id: u32) -> Option<&Context> {
        self.contexts.get(index_of(id)?)?.as_deref()
    }

    fn store(&mut self, context: Context) -> Option<u32> {
        let context = Some(Box::new(context));
        let Some(id) = self.free.pop() else {
            self.contexts.push(context);
            return u32::try_from(self.contexts.len()).ok();
        };
        *self.contexts.get_mut(index_of(id)?)? = context;
        Some(id)
    }

    fn release(&mut self, id: u32) {
        let stored = index_of(id).and_then(|index| self.contexts.get_mut(index));
        if stored.and_then(Option::take).is_some() {
            self.free.push(id);
        }
    }
}

fn index_of(id: u32) -> Option<usize> {
    usize::try_from(id.checked_sub(1)?).ok()
}

impl JsonReplica {
    /// What the host must know to evaluate a flag by numbers: `{"position", "isConstant", "isTimed", "paths"}`; `None` if there is
    /// no such flag
    ///
    /// `paths` are the attributes that the host must write, in this order, each as a list of names, or `null` if it is better to
    /// store the whole context. The description is valid until the next commit.
    pub fn describe_flag(&mut self, flag: &str) -> Option<String> {
        let snapshot = &self.snapshot;
        let flags = snapshot.flags().len();
        let descriptor = snapshot.descriptor(flag, MAX_PATHS)?;
        let names = |path: &AttributePath| -> Value {
            let names = path.segments().iter().map(|name| Value::from(&**name));
            Value::Array(names.collect())
        };
        let listed = descriptor.paths.as_ref().map_or(Value::Null, |paths| {
            Value::Array(paths.iter().map(names).collect())
        });
        let description = Value::object([
            (
                "position",
                Value::from(u32::try_from(descriptor.index).ok()?),
            ),
            ("isConstant", descriptor.is_constant.into()),
            ("isTimed", descriptor.is_timed.into()),
            ("paths", listed),
        ]);
        if self.paths.len() < flags {
            self.paths.resize_with(flags, || None);
        }
        if let Some(held) = self.paths.get_mut(descriptor.index) {
            *held = descriptor.paths;
        }
        Some(description.to_canonical())
    }

    /// The keys of all flags, by index: an array
    pub fn keys(&self) -> String {
        let flags = self.snapshot.flags();
        Value::Array(flags.map(|flag| Value::from(flag.key)).collect()).to_canonical()
    }

    /// The keys of the flags that pages may see, in order: an array
    pub fn client_side_keys(&self) -> String {
        let flags = self.snapshot.flags();
        let visible = flags.filter(|flag| flag.is_client_side);
        Value::Array(visible.map(|flag| Value::from(flag.key)).collect()).to_canonical()
    }

    /// Stores a context and returns its id; 0 if the text is not a valid context
    pub fn store_context(&mut self, context: &str) -> u32 {
        let context = Context::from_json(context).ok();
        context
            .and_then(|context| self.contexts.store(context))
            .unwrap_or(0)
    }

    /// Releases a context; its id may be given to another one
    pub fn release_context(&mut self, id: u32) {
        self.contexts.release(id);
    }

    /// The id of an outcome: until the next commit, outcomes of one flag and one type that have the same id are equal
    ///
    /// Negative if the outcome has none; the host then calls [`JsonReplica::evaluate`].
    pub fn outcome_id(&self, query: OutcomeIdQuery, memory: &[u8]) -> i32 {
        self.find_outcome_id(query, memory).map_or(-1, signed)
    }

    fn find_outcome_id(&self, query: OutcomeIdQuery, memory: &[u8]) -> Option<OutcomeId> {
        let position = usize::try_from(query.flag).ok()?;
        let expected = match query.expected.checked_sub(1) {
            Some(kind) => Some(*ExpectedType::ALL.get(usize::try_from(kind).ok()?)?),
            None => None,
        };
        let now = || timestamp(packed::instant(memory));
        let snapshot = &self.snapshot;
        let packed;
        // A trait object, so that a module for browsers contains one evaluator and not one for each type of context.
        let context: &dyn Attributes = if query.context == 0 {
            // Without a description, neither the host nor this function knows the layout of the memory.
            let paths = self.paths.get(position)?.as_ref()?;
            packed = PackedContext { paths, memory };
            &packed
        } else {
            self.contexts.get(query.context)?
        };
        snapshot.outcome_id(position, expected, context, now)
    }

    /// Writes the outcome ids of all flags for a stored context, by index, from byte 8 of the memory on, 4 bytes each; `false` if
    /// there is no such context or too little memory
    pub fn outcome_ids(&self, context: u32, memory: &mut [u8]) -> bool {
        let snapshot = &self.snapshot;
        let flags = snapshot.flags().len();
        let now = timestamp(packed::instant(memory));
        let places = memory.get_mut(IDS..).unwrap_or_default();
        let (places, _) = places.as_chunks_mut();
        let Some(context) = self.contexts.get(context) else {
            return false;
        };
        let context: &dyn Attributes = context;
        if places.len() < flags {
            return false;
        }
        for (position, place) in (0..flags).zip(places) {
            let number = snapshot.outcome_id(position, None, context, || now);
            *place = number.map_or(-1, signed).to_ne_bytes();
        }
        true
    }
}

fn signed(number: OutcomeId) -> i32 {
    i32::try_from(number).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded() -> JsonReplica {
        let mut replica = JsonReplica::default();
        let document = r#"{"schemaVersion": 1, "flags": {
            "a": {"type": "boolean", "enabled": true, "serve": "on"},
            "b": {"type": "boolean", "enabled": true, "serve": {"variant": "on", "rollout": 50}},
            "broken": {"type": 1},
            "o": {"type": "object", "enabled": true, "variants": {"x": {"n": 1}}, "offVariant": "x", "serve": "x",
                  "overrides": {"user": {"u1": {"patch": {"n": 2}}}}},
            "t": {"type": "boolean", "enabled": true, "serve": "on", "expiresAt": 5}}}"#;
        replica.load_document(document).unwrap();
        replica
    }

    fn ask(replica: &JsonReplica, flag: u32, context: u32) -> i32 {
        let query = OutcomeIdQuery {
            flag,
            expected: 0,
            context,
        };
        replica.outcome_id(query, &[0; 8])
    }

    #[test]
    fn a_flag_is_described_by_what_a_host_must_know() {
        let mut replica = loaded();
        assert_eq!(replica.keys(), r#"["a","b","broken","o","t"]"#);
        let mut described = |flag| replica.describe_flag(flag);
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
        let patched = replica.store_context(r#"{"targetingKey": "u1"}"#);
        let plain = replica.store_context(r#"{"targetingKey": "u2"}"#);
        assert_eq!(ask(&replica, 3, patched), -1);
        assert!(ask(&replica, 3, plain) >= 0);
    }

    #[test]
    fn what_was_forgotten_or_never_was_has_no_number() {
        let mut replica = loaded();
        assert_eq!(replica.store_context("[]"), 0);
        let (one, two) = (replica.store_context("{}"), replica.store_context("{}"));
        assert_eq!((one, two), (1, 2));
        assert!(ask(&replica, 1, one) >= 0);
        replica.release_context(one);
        replica.release_context(one);
        assert_eq!(ask(&replica, 1, one), -1);
        assert_eq!(
            (replica.store_context("{}"), replica.store_context("{}")),
            (1, 3)
        );
        assert_eq!(ask(&replica, 99, two), -1);
        let query = OutcomeIdQuery {
            flag: 1,
            expected: 6,
            context: two,
        };
        assert_eq!(replica.outcome_id(query, &[]), -1);
    }

    #[test]
    fn forgetting_no_context_forgets_none() {
        let mut replica = loaded();
        let one = replica.store_context("{}");
        let none = replica.store_context("[]");
        replica.release_context(none);
        assert!(ask(&replica, 1, one) >= 0);
        assert_eq!(replica.store_context("{}"), 2);
    }

    #[test]
    fn memory_that_is_too_small_is_refused_and_odd_memory_reads_as_missing() {
        let mut replica = loaded();
        let context = replica.store_context("{}");
        assert!(!replica.outcome_ids(context, &mut [0; 27]));
        assert!(replica.outcome_ids(context, &mut [0; 28]));
        assert!(!replica.outcome_ids(99, &mut [0; 28]));
        replica.describe_flag("b");
        let missing = ask(&replica, 1, context);
        let mut memory = [0xff_u8; 24];
        for kind in 0..9_u32 {
            memory[8..12].copy_from_slice(&kind.to_ne_bytes());
            let query = OutcomeIdQuery {
                flag: 1,
                expected: 0,
                context: 0,
            };
            assert_eq!(replica.outcome_id(query, &memory), missing, "{kind}");
            assert_eq!(replica.outcome_id(query, &memory[..20]), missing, "{kind}");
        }
    }

    #[test]
    fn a_commit_makes_positions_and_paths_anew() {
        let mut replica = loaded();
        let context = replica.store_context("{}");
        replica.describe_flag("b");
        replica
            .load_document(r#"{"schemaVersion": 1, "flags": {"b": {"type": "boolean", "enabled": true, "serve": "on"}}}"#)
            .unwrap();
        assert_eq!(replica.keys(), r#"["b"]"#);
        assert_eq!(ask(&replica, 1, context), -1);
        assert_eq!(ask(&replica, 0, 0), -1);
        replica.describe_flag("b");
        assert_eq!(ask(&replica, 0, 0), ask(&replica, 0, context));
    }

    #[test]
    fn a_flag_that_was_not_described_has_no_number_for_a_context_in_memory() {
        let mut replica = loaded();
        replica.describe_flag("t");
        for flag in 0..4 {
            assert_eq!(ask(&replica, flag, 0), -1, "{flag}");
        }
        replica.describe_flag("b");
        assert!(ask(&replica, 1, 0) >= 0);
        assert_eq!(ask(&replica, 0, 0), -1);
    }
}
