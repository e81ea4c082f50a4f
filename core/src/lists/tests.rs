use super::*;

fn overrides(entries: &[(&str, &str)]) -> Overrides {
    let mut list = Overrides::default();
    for (key, json) in entries {
        list.put(
            key,
            Override::read(key, &serde_json::from_str(json).unwrap()),
        );
    }
    list
}

/// What a flag with the one variant `a` that is neither boolean nor object has to complain about
fn problems(list: &Overrides) -> Vec<&str> {
    let found = list.check(false, false, |name| name == "a");
    found.into_iter().map(|(key, _)| key).collect()
}

const INCLUDE: &str = r#""include""#;
const EXCLUDE: &str = r#""exclude""#;
const A: &str = r#"{"variant": "a"}"#;
const B: &str = r#"{"variant": "b"}"#;
const PATCH: &str = r#"{"patch": {"x": 1}}"#;
const BAD: &str = "7";

#[test]
fn only_what_a_flag_cannot_serve_is_a_problem() {
    let all = [
        ("u1", INCLUDE),
        ("u2", EXCLUDE),
        ("u3", A),
        ("u4", B),
        ("u5", PATCH),
        ("u6", BAD),
    ];
    let list = overrides(&all);
    assert_eq!(problems(&list), ["u1", "u4", "u5", "u6"]);
    let found = list.check(true, true, |_| true);
    assert_eq!(found, [("u6", IssueKind::Override)]);
}

#[test]
fn a_list_is_walked_only_if_something_is_to_be_found() {
    let is_suspect = |list: &Overrides| list.is_suspect(false, false, |name| name == "a");
    assert!(!is_suspect(&overrides(&[])));
    assert!(!is_suspect(&overrides(&[("u1", EXCLUDE), ("u2", A)])));
    for (value, is_mended) in [(INCLUDE, true), (B, true), (PATCH, true), (BAD, false)] {
        let list = overrides(&[("u1", EXCLUDE), ("u2", value)]);
        assert!(is_suspect(&list), "{value}");
        assert_eq!(list.is_suspect(true, true, |_| true), !is_mended, "{value}");
    }
}

#[test]
fn what_is_replaced_or_deleted_is_no_problem_any_more() {
    for value in [INCLUDE, B, PATCH, BAD] {
        let mut list = overrides(&[("u1", value), ("u2", value)]);
        list.put("u1", Override::Exclude);
        assert_eq!(problems(&list), ["u2"], "{value}");
        list.delete("u2");
        assert_eq!(problems(&list), [""; 0], "{value}");
        assert!(!list.is_suspect(false, false, |_| false), "{value}");
    }
}

#[test]
fn lists_have_one_fingerprint_if_they_are_equal() {
    let entries = [
        ("u1", INCLUDE),
        ("u2", EXCLUDE),
        ("u3", A),
        ("u4", PATCH),
        ("u5", BAD),
    ];
    let list = overrides(&entries);
    let mut reversed = entries;
    reversed.reverse();
    assert_eq!(overrides(&reversed).fingerprint(), list.fingerprint());
    for (key, _) in entries {
        for other in [INCLUDE, EXCLUDE, A, B, PATCH, r#"{"patch": {"x": 2}}"#, BAD] {
            let (mut changed, value) = (list.clone(), serde_json::from_str(other).unwrap());
            changed.put(key, Override::read(key, &value));
            let is_same = changed.get(key) == list.get(key);
            assert_eq!(
                changed.fingerprint() == list.fingerprint(),
                is_same,
                "{key}: {other}"
            );
        }
        let mut shorter = list.clone();
        shorter.delete(key);
        assert_ne!(shorter.fingerprint(), list.fingerprint(), "{key}");
        shorter.put(key, list.get(key).unwrap().clone());
        assert_eq!(shorter.fingerprint(), list.fingerprint(), "{key}");
    }
    assert!(overrides(&[]).is_empty() && !list.is_empty());
}

fn ids(ids: &[&str]) -> Ids {
    let mut list = Ids::default();
    for id in ids {
        list.put(id);
    }
    list
}

#[test]
fn ids_are_a_set() {
    let mut list = ids(&["u1", "u2", "u1", ""]);
    assert!(list.contains("u1") && !list.contains("u3"));
    assert_eq!(list.invalid(), [Box::from("")]);
    assert_eq!(list.fingerprint(), ids(&["", "u2", "u1"]).fingerprint());
    assert_ne!(list.fingerprint(), ids(&["u1", "u3", ""]).fingerprint());
    list.delete("u3");
    list.delete("u1");
    assert!(!list.contains("u1") && list.contains("u2"));
    assert_eq!(list.invalid(), [Box::from("")]);
    list.delete("");
    assert!(list.invalid().is_empty());
    assert_eq!(list.fingerprint(), ids(&["u2"]).fingerprint());
}

#[test]
fn a_context_key_has_a_length_of_one_to_the_limit() {
    let longest = "ß".repeat(limits::MAX_CONTEXT_KEY_LENGTH);
    assert!(is_context_key(&longest) && is_context_key("u"));
    assert!(!is_context_key("") && !is_context_key(&format!("{longest}u")));
}
