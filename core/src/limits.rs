//! Every limit of the language, by name

/// Characters of a flag's key
pub const MAX_KEY_LENGTH: usize = 100;
/// Characters of the name of a variant, a rule, a level or an attribute, and of a salt
pub const MAX_NAME_LENGTH: usize = 255;
/// Characters of a context key in overrides and in lists of segments
pub const MAX_CONTEXT_KEY_LENGTH: usize = 255;
/// Variants of one flag
pub const MAX_VARIANTS: usize = 100;
/// Rules of one flag
pub const MAX_RULES: usize = 1_000;
/// Arms of one split
pub const MAX_ARMS: usize = 100;
/// Levels of one flag
pub const MAX_LEVELS: usize = 16;
/// Prerequisites of one flag
pub const MAX_PREREQUISITES: usize = 100;
/// Steps of one timed rollout
pub const MAX_STEPS: usize = 1_000;
/// Flags and segments that one evaluation visits
pub const MAX_VISITS: u32 = 1_000;
/// Nested flags, segments and conditions in one evaluation, each of which uses stack
pub const MAX_EVALUATION_DEPTH: usize = 128;
/// Characters of a regular expression
pub const MAX_PATTERN_LENGTH: usize = 1_000;
/// Size of a regular expression, written out without repetitions
pub const MAX_PATTERN_SIZE: u32 = 10_000;
/// Nested groups in a regular expression
pub const MAX_PATTERN_DEPTH: usize = 32;
/// The largest count of a repetition in a regular expression
pub const MAX_PATTERN_COUNT: u16 = 1_000;
/// Size of all regular expressions together that one evaluation may try, each as often as it may be tried
pub const MAX_TOTAL_PATTERN_SIZE: u32 = 20_000;
/// Characters that `matches` tests: of a text, or of the texts of an array with one between each two
pub const MAX_MATCHED_CHARACTERS: usize = 2_048;
/// Literals of one condition
pub const MAX_LITERALS: usize = 1_000_000;
/// Nested conditions
pub const MAX_CONDITION_DEPTH: usize = 32;
/// Names of an attribute path
pub const MAX_PATH_DEPTH: usize = 16;
/// Attributes of a context, the fields of its object
pub const MAX_ATTRIBUTES: usize = 1_000;
/// Nested arrays and objects that are read of a context; no attribute path reaches deeper
pub(crate) const MAX_CONTEXT_DEPTH: usize = 64;
/// Characters of a value that a message repeats
pub const MAX_EXCERPT_LENGTH: usize = 200;
/// Bytes of a flag as text, over HTTP and in an event
pub const MAX_FLAG_BYTES: usize = 1 << 20;

/// Whether `key` is `[A-Za-z0-9][A-Za-z0-9._-]{0,99}`
pub fn is_key(key: &str) -> bool {
    key.len() <= MAX_KEY_LENGTH
        && key.starts_with(|first: char| first.is_ascii_alphanumeric())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Whether `name` has 1 to [`MAX_NAME_LENGTH`] characters
pub(crate) fn is_name(name: &str) -> bool {
    // There are no more characters than bytes.
    !name.is_empty() && (name.len() <= MAX_NAME_LENGTH || name.chars().count() <= MAX_NAME_LENGTH)
}
