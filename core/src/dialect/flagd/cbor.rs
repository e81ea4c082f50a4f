//! Deterministic CBOR (RFC 8949 §4.2.1) of JSON values: whole numbers are integers, other numbers the shortest float

use crate::value::{JsonObject, Value};

/// The bytes of a value; `None` of a number that is not finite
pub(super) fn encode(value: &Value) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    write(&mut bytes, value)?;
    Some(bytes)
}

fn write(bytes: &mut Vec<u8>, value: &Value) -> Option<()> {
    match value {
        Value::Null => bytes.push(0xf6),
        Value::Boolean(false) => bytes.push(0xf4),
        Value::Boolean(true) => bytes.push(0xf5),
        Value::Number(number) => write_number(bytes, *number)?,
        Value::String(text) => write_text(bytes, text),
        Value::Array(values) => {
            write_head(bytes, 4, length(values.len()));
            for value in values.iter() {
                write(bytes, value)?;
            }
        }
        Value::Object(members) => write_members(bytes, members)?,
    }
    Some(())
}

/// Members in the order of their encoded keys
fn write_members(bytes: &mut Vec<u8>, members: &JsonObject) -> Option<()> {
    write_head(bytes, 5, length(members.len()));
    let mut encoded = Vec::new();
    for (key, value) in members {
        let mut encoded_key = Vec::new();
        write_text(&mut encoded_key, key);
        encoded.push((encoded_key, encode(value)?));
    }
    encoded.sort_unstable();
    for (key, value) in encoded {
        bytes.extend(key);
        bytes.extend(value);
    }
    Some(())
}

fn write_text(bytes: &mut Vec<u8>, text: &str) {
    write_head(bytes, 3, length(text.len()));
    bytes.extend(text.as_bytes());
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn write_head(bytes: &mut Vec<u8>, major: u8, argument: u64) {
    let (head, length) = head(major, argument);
    bytes.extend(head.get(..length).unwrap_or_default());
}

/// The bytes before a text of so many bytes, and how many they are
pub(super) fn text_head(bytes: usize) -> ([u8; 9], usize) {
    head(3, length(bytes))
}

/// The first bytes of a value of a major type, in as few bytes as its argument needs, and how many they are
fn head(major: u8, argument: u64) -> ([u8; 9], usize) {
    let (code, length) = match argument {
        0..=23 => (u8::try_from(argument).unwrap_or_default(), 0_u32),
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    let mut head = [(major << 5) | code; 9];
    if let Some(rest) = head.last_chunk_mut() {
        // The bytes that count come first.
        let bits = length.wrapping_mul(8);
        *rest = argument.rotate_right(bits).to_be_bytes();
    }
    (head, (length as usize).saturating_add(1))
}

/// 2^63 and 2^64: an integer lies from minus the first up to, but without, the second
const SIGNED_END: f64 = 9_223_372_036_854_775_808.0;
const UNSIGNED_END: f64 = 18_446_744_073_709_551_616.0;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole numbers within the range, and a comparison that shows that nothing is cut off"
)]
fn write_number(bytes: &mut Vec<u8>, number: f64) -> Option<()> {
    if !number.is_finite() {
        return None;
    }
    if number.fract() == 0.0 && (-SIGNED_END..UNSIGNED_END).contains(&number) {
        if number >= 0.0 {
            write_head(bytes, 0, number as u64);
        } else {
            // −1 − n; n is at least −2^63.
            write_head(bytes, 1, !(number as i64) as u64);
        }
    } else if let Some(half) = half(number) {
        bytes.push(0xf9);
        bytes.extend(half.to_be_bytes());
    } else if f64::from(number as f32).to_bits() == number.to_bits() {
        bytes.push(0xfa);
        bytes.extend((number as f32).to_bits().to_be_bytes());
    } else {
        bytes.push(0xfb);
        bytes.extend(number.to_bits().to_be_bytes());
    }
    Some(())
}

/// The bits of the half-precision float that is exactly this number, if there is one
fn half(number: f64) -> Option<u16> {
    let bits = number.to_bits();
    let sign = u16::from(number.is_sign_negative()) << 15;
    let exponent = i32::try_from((bits >> 52) & 0x7ff)
        .ok()?
        .checked_sub(1023)?;
    let fraction = bits & 0x000f_ffff_ffff_ffff;
    if (-14..=15).contains(&exponent) {
        let is_exact = fraction.trailing_zeros() >= 42;
        let exponent = u16::try_from(exponent.checked_add(15)?).ok()?;
        let fraction = u16::try_from(fraction >> 42).ok()?;
        return is_exact.then_some(sign | (exponent << 10) | fraction);
    }
    if (-24..-14).contains(&exponent) {
        // Subnormal: a multiple of 2^-24.
        let whole = fraction | 0x0010_0000_0000_0000;
        let shift = u32::try_from(28_i32.checked_sub(exponent)?).ok()?;
        let is_exact = whole.trailing_zeros() >= shift;
        return is_exact.then_some(sign | u16::try_from(whole >> shift).ok()?);
    }
    None
}
