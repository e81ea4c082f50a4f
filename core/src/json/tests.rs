use proptest::prelude::*;

use super::*;

/// Texts of JSON, and near it
fn text() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"\"",
        "\"a\"",
        "\"\\u0041\\n\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\x\"",
        "\"ü\n\"",
        "0",
        "-0",
        "01",
        "1.5",
        "1.",
        "-",
        "1e3",
        "1E+400",
        "123456789012345678901234567890",
        "0.1",
        "5e-324",
        "null",
        "true",
        "false",
        "nul",
        " ",
        "\n",
        "\u{feff}",
    ]);
    prop::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat())
}

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

fn agrees(text: &str) -> Result<(), TestCaseError> {
    let theirs = serde_json::from_str::<Value>(text);
    match (Value::from_json(text), theirs) {
        (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
        (Err(_), Err(_)) => {}
        (ours, theirs) => prop_assert!(false, "{text:?}: {ours:?}, but serde_json {theirs:?}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn near_json_is_taken_or_refused_as_serde_json_does(text in text()) {
        agrees(&text)?;
    }

    #[test]
    fn values_are_those_of_serde_json(text in document(), cut in any::<prop::sample::Index>()) {
        agrees(&text)?;
        let cut = cut.index(text.len());
        agrees(text.get(..cut).unwrap_or_default())?;
    }
}

#[test]
fn an_error_says_where_it_is() {
    for (text, expected) in [
        ("", "EOF while parsing a value at line 1 column 0"),
        (
            "{\"a\": 1\n \"b\"}",
            "expected `,` or `}` at line 2 column 2",
        ),
        ("[1, 2", "EOF while parsing a list at line 1 column 5"),
        ("{\"a\" 1}", "expected `:` at line 1 column 6"),
        ("[1,]", "trailing comma at line 1 column 4"),
        ("1 1", "trailing characters at line 1 column 3"),
        (
            "\"\u{1}\"",
            "control character (\\u0000-\\u001F) found while parsing a string at line 1 column 2",
        ),
    ] {
        assert_eq!(Value::from_json(text).unwrap_err().to_string(), expected);
        assert_eq!(
            serde_json::from_str::<Value>(text).unwrap_err().to_string(),
            expected
        );
    }
}

#[test]
fn depth_is_limited_where_it_is_read_and_nowhere_else() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Value::from_json(&nested(DEPTH)).is_ok());
    assert!(Value::from_json(&nested(DEPTH.saturating_add(1))).is_err());
    let mut tape = Tape::default();
    assert!(tape.read_whole(&nested(1_000_000)).is_ok());
}
