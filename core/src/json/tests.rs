#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a closure takes nodes of any lifetime, and a method those of one"
)]

use proptest::prelude::*;

use super::*;

/// A value as text, with white space here and there
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<f64>().prop_map(|number| serde_json::json!(number)),
        any::<i64>().prop_map(|number| serde_json::json!(number)),
        ".*".prop_map(|text| serde_json::json!(text)),
        Just(serde_json::json!(null)),
        any::<bool>().prop_map(|value| serde_json::json!(value)),
    ];
    let value = leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|values| serde_json::json!(values)),
            prop::collection::btree_map(".*", inner, 0..6)
                .prop_map(|members| serde_json::json!(members)),
        ]
    });
    (value, any::<bool>()).prop_map(|(value, is_pretty)| {
        if is_pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            value.to_string()
        }
    })
}

/// What a value read from a text tells of itself
fn read<T>(text: &str, ask: impl Fn(Json<'_>) -> T) -> T {
    let mut tape = Tape::default();
    tape.read(text).unwrap();
    ask(tape.at(Source::whole(text)))
}

fn encoded(text: &str) -> Vec<u8> {
    read(text, |json| {
        let mut bytes = Vec::new();
        json.encode(&mut bytes, usize::MAX);
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn nodes_are_the_value_of_the_text(text in document(), cut in any::<prop::sample::Index>()) {
        prop_assert_eq!(read(&text, |json| json.value()), serde_json::from_str(&text).unwrap());
        let cut = text.get(..cut.index(text.len())).unwrap_or_default();
        let mut tape = Tape::default();
        prop_assert_eq!(tape.read(cut).is_ok(), serde_json::from_str::<Value>(cut).is_ok());
    }

    #[test]
    fn values_are_encoded_alike_if_they_are_alike(one in document(), other in document()) {
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let pretty = serde_json::to_string_pretty(&parse(&one)).unwrap();
        prop_assert_eq!(encoded(&pretty), encoded(&parse(&one).to_string()));
        let is_same = Value::from_json(&one) == Value::from_json(&other);
        prop_assert_eq!(encoded(&one) == encoded(&other), is_same);
    }

    #[test]
    fn an_object_is_walked_over_field_by_field(first in document(), unread in document(), last in document()) {
        let object = format!("\n{{\"a\" : {first}\n,\"\\u0062\":{unread}\t, \"a\":{last} }} ");
        let (mut tape, mut cursor, mut found) = (Tape::default(), Cursor::new(&object).unwrap(), Vec::new());
        let walked = cursor.fields(|cursor, key| {
            if &*key == "b" {
                found.push((key, cursor.skip()?, None));
                return Ok(());
            }
            let source = cursor.value(&mut tape)?;
            found.push((key, source.own, Some(tape.at(source).value())));
            Ok(())
        });
        prop_assert_eq!(walked.and_then(|()| cursor.end()), Ok(()));
        let value = |text: &str| Value::from_json(text).ok();
        let expected = [
            ("a".into(), &*first, value(&first)),
            ("b".into(), &*unread, None),
            ("a".into(), &*last, value(&last)),
        ];
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn an_object_that_is_cut_or_goes_on_is_refused_with_its_place() {
    let walk = |text: &str| {
        let mut cursor = Cursor::new(text).unwrap();
        let walked = cursor.fields(|cursor, _| cursor.skip().map(drop));
        let ended = walked.and_then(|()| cursor.end());
        ended.map_err(|error| error.to_string())
    };
    for (text, expected) in [
        ("", "EOF while parsing a value at line 1 column 0"),
        ("[]", "expected an object"),
        (
            "{\"a\": 1",
            "EOF while parsing an object at line 1 column 7",
        ),
        ("{\"a\": 1,}", "key must be a string at line 1 column 9"),
        (
            "{\"a\": 1\n \"b\": 2}",
            "expected `,` or `}` at line 2 column 2",
        ),
        ("{1: 1}", "key must be a string at line 1 column 2"),
        ("{\"a\" 1}", "expected `:` at line 1 column 6"),
        ("{\"\\ud800\": 1}", "unexpected end of hex escape"),
        ("{} {}", "trailing characters at line 1 column 4"),
    ] {
        assert_eq!(walk(text), Err(expected.to_owned()), "{text}");
    }
}

#[test]
fn a_value_that_cannot_be_read_does_not_end_the_walk() {
    let (mut tape, mut are_readable) = (Tape::default(), Vec::new());
    let mut cursor = Cursor::new(r#"{"a": {"b": 1e400}, "c": [2]}"#).unwrap();
    let walked = cursor.fields(|cursor, _| {
        let source = cursor.value(&mut tape)?;
        are_readable.push((source.own, tape.unreadable().is_none()));
        Ok(())
    });
    assert_eq!(walked, Ok(()));
    assert_eq!(are_readable, [(r#"{"b": 1e400}"#, false), ("[2]", true)]);
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    let deep = format!(r#"{{"a": {}{}}}"#, "[".repeat(127), "]".repeat(127));
    for (text, pointer, message) in [
        (
            r#"{"a": [1, {"b": 1e400}, 2], "c": 3}"#,
            "/a/1/b",
            "number out of range",
        ),
        (r#"{"a": "\ud800"}"#, "/a", "unexpected end of hex escape"),
        (
            r#"{"a": {"b": 1, "\udc00": 2}}"#,
            "/a",
            "lone leading surrogate in hex escape",
        ),
        ("-1e400", "", "number out of range"),
        (
            &deep,
            &format!("/a{}", "/0".repeat(126)),
            "recursion limit exceeded",
        ),
    ] {
        let mut tape = Tape::default();
        tape.read_object(text).unwrap();
        let fault = tape.unreadable().unwrap();
        let json = tape.at(Source::whole(text));
        assert_eq!(
            (
                json.pointer_to(fault.position).as_str(),
                fault.message.as_str()
            ),
            (pointer, message),
            "{text}"
        );
        assert!(tape.read(text).is_err());
    }
}

#[test]
fn text_that_is_no_json_is_refused_with_its_line_and_column() {
    let mut tape = Tape::default();
    for (text, expected) in [
        ("", "EOF while parsing a value at line 1 column 0"),
        (
            "{\"a\": 1\n \"b\"}",
            "expected `,` or `}` at line 2 column 2",
        ),
        ("[1, 1e400", "number out of range at line 1 column 9"),
        ("1 1", "trailing characters at line 1 column 3"),
    ] {
        assert_eq!(tape.read(text).unwrap_err().to_string(), expected);
        assert!(tape.read_object(text).is_err());
    }
}

#[test]
fn a_number_is_the_nearest_double_and_never_negative_zero() {
    for (text, expected) in [
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("123456789012345678901234567890", 1.234_567_890_123_456_8e29),
        ("0.1", 0.1),
        ("1e-400", 0.0),
        ("5e-324", 5e-324),
    ] {
        assert_eq!(read(text, |json| json.number()), Some(expected), "{text}");
    }
    let zero = read("-0", |json| json.number()).unwrap();
    assert!(zero.is_sign_positive());
    assert_eq!(read("1.0", |json| json.whole()), Some(1));
    for text in ["-1", "1.5", "9007199254740992", "\"1\""] {
        assert_eq!(read(text, |json| json.whole()), None, "{text}");
    }
}
