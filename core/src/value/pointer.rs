//! JSON pointers (RFC 6901)

use std::borrow::Cow;

/// A field or index as one part of a pointer
pub fn escape_part(part: &str) -> Cow<'_, str> {
    if part.bytes().any(|byte| matches!(byte, b'~' | b'/')) {
        part.replace('~', "~0").replace('/', "~1").into()
    } else {
        part.into()
    }
}

/// Extends a pointer by one part
pub fn push_part(pointer: &mut String, part: &str) {
    pointer.push('/');
    pointer.push_str(&escape_part(part));
}

/// The field or index that a part of a pointer stands for; `None` if a `~` is followed by neither `0` nor `1`
pub fn unescape(part: &str) -> Option<Box<str>> {
    let mut rest = part.split('~');
    let mut text = String::from(rest.next().unwrap_or_default());
    for piece in rest {
        let (replacement, tail) = match (piece.strip_prefix('0'), piece.strip_prefix('1')) {
            (Some(tail), _) => ('~', tail),
            (_, Some(tail)) => ('/', tail),
            _ => return None,
        };
        text.push(replacement);
        text.push_str(tail);
    }
    Some(text.into())
}
