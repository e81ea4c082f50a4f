//! Canonical JSON, RFC 8785: what is compared, hashed or signed
//!
//! Numbers are written as ECMAScript writes them, keys are sorted by UTF-16 code units, and only the necessary characters are escaped.

use std::fmt::Write as _;

use crate::table::sort::sorted_by_key;
use crate::value::Value;

/// The canonical text of `value`
pub(crate) fn to_string(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    text
}

fn write_value(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Boolean(true) => text.push_str("true"),
        Value::Boolean(false) => text.push_str("false"),
        Value::Number(number) => text.push_str(ryu_js::Buffer::new().format_finite(*number)),
        Value::String(string) => write_string(text, string),
        Value::Array(values) => write_list(text, ['[', ']'], values.iter(), write_value),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (&**key, value));
            // The map is sorted by code points; that order differs only above U+FFFF.
            let members = sorted_by_key(members.collect(), |one, other| {
                one.encode_utf16().cmp(other.encode_utf16())
            });
            write_list(
                text,
                ['{', '}'],
                members.into_iter(),
                |text, (key, value)| {
                    write_string(text, key);
                    text.push(':');
                    write_value(text, value);
                },
            );
        }
    }
}

fn write_list<T>(
    text: &mut String,
    brackets: [char; 2],
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut String, T),
) {
    let [open, close] = brackets;
    text.push(open);
    for (position, item) in items.enumerate() {
        if position > 0 {
            text.push(',');
        }
        write(text, item);
    }
    text.push(close);
}

fn write_string(text: &mut String, string: &str) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            '\0'..='\u{1f}' => {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\u{:04x}", u32::from(character));
            }
            _ => text.push(character),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use crate::Value;

    fn canonical(text: &str) -> String {
        serde_json::from_str::<Value>(text).unwrap().to_canonical()
    }

    #[test]
    fn numbers_read_as_ecmascript_writes_them() {
        for (text, expected) in [
            ("1.0", "1"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("1e21", "1e+21"),
            ("1e20", "100000000000000000000"),
            ("9007199254740993", "9007199254740992"),
            ("0.000001", "0.000001"),
            ("1e-7", "1e-7"),
            ("18446744073709551616", "18446744073709552000"),
            ("333333333.33333329", "333333333.3333333"),
            ("5e-324", "5e-324"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ] {
            assert_eq!(canonical(text), expected, "{text}");
        }
    }

    #[test]
    fn keys_are_sorted_by_utf16_units() {
        // U+10000 is the pair D800 DC00 and so comes before U+FFFF, although its code point is the greater one.
        assert_eq!(
            canonical("{\"\u{ffff}\":1,\"\u{10000}\":2,\"a\":3}"),
            "{\"a\":3,\"\u{10000}\":2,\"\u{ffff}\":1}"
        );
    }

    #[test]
    fn only_what_must_be_escaped_is() {
        assert_eq!(
            canonical(r#""\u0001\u001f\"\\\/\b\f\n\r\t\u007f\u20ac""#),
            "\"\\u0001\\u001f\\\"\\\\/\\b\\f\\n\\r\\t\u{7f}€\""
        );
    }
}
