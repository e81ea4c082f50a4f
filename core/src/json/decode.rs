//! What the text of a string or a number stands for

use std::borrow::Cow;

use crate::decimal;

/// The string whose characters are written so, escapes included
#[inline]
pub(super) fn string(text: &str, is_escaped: bool) -> Result<Cow<'_, str>, &'static str> {
    if is_escaped {
        unescaped(text).map(Cow::Owned)
    } else {
        Ok(Cow::Borrowed(text))
    }
}

fn unescaped(text: &str) -> Result<String, &'static str> {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            decoded.push(character);
            continue;
        }
        decoded.push(match rest.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => code_point(&mut rest)?,
            Some(itself) => itself,
            None => break,
        });
    }
    Ok(decoded)
}

/// A code point after `\u`, of which those above U+FFFF take two escapes
fn code_point(rest: &mut std::str::Chars<'_>) -> Result<char, &'static str> {
    const LONE: &str = "lone leading surrogate in hex escape";
    let first = hexadecimal(rest);
    if let Some(character) = char::from_u32(first) {
        return Ok(character);
    }
    if first >= 0xdc00 {
        return Err(LONE);
    }
    if rest.next() != Some('\\') || rest.next() != Some('u') {
        return Err("unexpected end of hex escape");
    }
    let second = hexadecimal(rest);
    if !(0xdc00..=0xdfff).contains(&second) {
        return Err(LONE);
    }
    let pair = ((first & 0x3ff) << 10) | (second & 0x3ff);
    char::from_u32(pair.saturating_add(0x1_0000)).ok_or(LONE)
}

/// Four digits; the lexer has seen that they are
fn hexadecimal(rest: &mut std::str::Chars<'_>) -> u32 {
    rest.take(4)
        .filter_map(|digit| digit.to_digit(16))
        .fold(0, |number, digit| (number << 4) | digit)
}

/// The double nearest to a number as JSON writes it, never `-0`; `None` where that is infinite
pub(super) fn number(text: &str) -> Option<f64> {
    let number = decimal::read(text) + 0.0;
    number.is_finite().then_some(number)
}
