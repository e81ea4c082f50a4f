//! What is wrong with a file is told the same way for every vendor: an error with a place if it cannot be read at all, else a line in the
//! report for the flag, and the other flags are taken over

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helpers fail the test"
)]

use flagstaff_core::Snapshot;
use flagstaff_import::{FlagReport, Options, Vendor, Verdict, convert};
use serde_json::{Value as Json, json};

/// A file with a flag `f`, which has these members, and a good one `good`
fn file(vendor: Vendor, members: &Json) -> Json {
    let with = |mut flag: Json| {
        let (Some(flag_members), Some(members)) = (flag.as_object_mut(), members.as_object())
        else {
            panic!("not an object: {members}");
        };
        flag_members.extend(members.clone());
        flag
    };
    match vendor {
        Vendor::Unleash => {
            let flag = |name: &str| json!({"name": name, "enabled": true, "strategies": []});
            json!({"version": 2, "features": [with(flag("f")), flag("good")]})
        }
        Vendor::Eppo => {
            let flag = |key: &str| {
                json!({"key": key, "enabled": true, "variationType": "BOOLEAN", "totalShards": 10_000,
                "variations": {"on": {"key": "on", "value": true}}, "allocations": []})
            };
            json!({"format": "SERVER", "flags": {"f": with(flag("f")), "good": flag("good")}})
        }
        Vendor::LaunchDarkly => {
            let flag = |key: &str| json!({"key": key, "on": true, "variations": [true], "fallthrough": {"variation": 0}});
            json!({"flags": {"f": with(flag("f")), "good": flag("good")}, "segments": {}})
        }
        Vendor::Flagsmith => {
            let state = |id: u32, name: &str| json!({"id": id, "enabled": true, "feature_state_value": null, "feature": {"id": id, "name": name}});
            // Conditions are in segments, which override the feature.
            let segment = with(json!({"id": 7, "name": "S", "feature_states": [state(3, "f")]}));
            json!({"api_key": "e", "feature_states": [state(1, "f"), state(2, "good")], "project": {"segments": [segment]}})
        }
        Vendor::GrowthBook => {
            json!({"features": {"f": with(json!({"defaultValue": true})), "good": {"defaultValue": true}}})
        }
        _ => {
            let flag = || json!({"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"});
            json!({"flags": {"f": with(flag()), "good": flag()},
                "$evaluators": {"round": {"!": [{"$ref": "and-round"}]}, "and-round": {"!": [{"$ref": "round"}]}}})
        }
    }
}

/// Where the flag `f` is in the file
fn place(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Unleash => "/features/0",
        Vendor::Flagsmith => "/project/segments/0",
        Vendor::GrowthBook => "/features/f",
        _ => "/flags/f",
    }
}

fn refusal(vendor: Vendor, text: &str) -> String {
    let refused = convert(vendor, &Options::default(), text);
    refused.unwrap_err().to_string()
}

/// The report about the flag `f`; the good one is taken over, and the document is whole
fn report(vendor: Vendor, file: &Json) -> FlagReport {
    let imported = convert(vendor, &Options::default(), &file.to_string()).unwrap();
    let of = |name: &str| {
        imported
            .report
            .iter()
            .find(|flag| flag.flag == name)
            .cloned()
    };
    assert_eq!(of("good").unwrap().verdict, Verdict::Exact, "{file}");
    let snapshot = Snapshot::from_json(&imported.document.to_string()).unwrap();
    assert_eq!(snapshot.issues(), [], "{file}");
    let report = of("f").unwrap();
    let is_there = snapshot.linked_flag("f").is_some();
    assert_eq!(is_there, report.verdict != Verdict::Refused, "{report:?}");
    // What is wrong with a segment is a line of its own.
    of("segment S").unwrap_or(report)
}

/// One line, with the place in the file and what to know
#[track_caller]
fn assert_line(vendor: Vendor, members: &Json, verdict: Verdict, inside: &str, told: &str) {
    let report = report(vendor, &file(vendor, members));
    let [note] = report.notes.as_slice() else {
        panic!("not one line: {report:?}");
    };
    let pointer = format!("{}{inside}", place(vendor));
    assert_eq!(
        (report.verdict, &*note.pointer),
        (verdict, &*pointer),
        "{note:?}"
    );
    assert!(note.message.contains(told), "{note:?}");
}

#[test]
fn a_file_of_another_version_or_kind_says_what_is_expected() {
    for (vendor, text, expected) in [
        (
            Vendor::Unleash,
            r#"{"version": 3, "features": []}"#,
            "`version` 1 or 2",
        ),
        (
            Vendor::Eppo,
            r#"{"format": "CLIENT", "flags": {}}"#,
            "that of clients has hashed keys",
        ),
        (
            Vendor::LaunchDarkly,
            r#"{"f": {"value": true, "version": 1}}"#,
            "/flags: expected the flags by their keys",
        ),
        (
            Vendor::Flagsmith,
            r#"[{"feature": {"name": "f"}, "enabled": true}]"#,
            "expected an environment document",
        ),
        (
            Vendor::GrowthBook,
            r#"{"encryptedFeatures": "x"}"#,
            "without encryption",
        ),
        (Vendor::Flagd, r#"[{"key": "f"}]"#, "expected `flags`"),
    ] {
        let told = refusal(vendor, text);
        assert!(told.contains(expected), "{vendor:?}: {told}");
    }
    let first = Options {
        fractional: Some(1),
        ..Options::default()
    };
    let told = convert(Vendor::Flagd, &first, r#"{"flags": {}}"#)
        .unwrap_err()
        .to_string();
    assert!(told.contains("`fractional` is 2 or 3"), "{told}");
}

#[test]
fn a_file_that_is_cut_off_says_where_and_to_download_it_again() {
    for vendor in Vendor::ALL {
        let text = file(vendor, &json!({"last": [1, 2]})).to_string();
        let end = text.find("[1,2").unwrap();
        let told = refusal(vendor, text.get(..end.saturating_add(3)).unwrap());
        let expected = format!(
            ", in `{}/last/1`; it is cut off: download it again",
            place(vendor)
        );
        assert!(told.ends_with(&expected), "{vendor:?}: {told}");
    }
}

#[test]
fn a_key_that_comes_twice_says_where() {
    for vendor in Vendor::ALL {
        let text = file(vendor, &json!({"twice": 1})).to_string();
        let text = text.replacen("\"twice\":1", "\"twice\":1,\"twice\":2", 1);
        let told = refusal(vendor, &text);
        assert!(
            told.contains("the key `twice` comes twice at line 1 column "),
            "{vendor:?}: {told}"
        );
        assert!(
            told.contains(&format!(", in `{}`; correct it", place(vendor))),
            "{vendor:?}: {told}"
        );
    }
}

/// A rule of each vendor with one condition, and where the condition is
fn condition(vendor: Vendor, operator: &str, value: &Json) -> (Json, &'static str) {
    match vendor {
        Vendor::Unleash => {
            let constraint = json!({"contextName": "a", "operator": operator, "value": value});
            (
                json!({"strategies": [{"name": "default", "constraints": [constraint]}]}),
                "/strategies/0/constraints/0",
            )
        }
        Vendor::Eppo => {
            let condition = json!({"attribute": "a", "operator": operator, "value": value});
            let allocation = json!({"key": "x", "rules": [{"conditions": [condition]}], "splits": [{"variationKey": "on", "shards": []}]});
            (
                json!({"allocations": [allocation]}),
                "/allocations/0/rules/0/conditions/0",
            )
        }
        Vendor::LaunchDarkly => {
            let clause = json!({"attribute": "a", "op": operator, "values": [value]});
            (
                json!({"rules": [{"id": "r", "variation": 0, "clauses": [clause]}]}),
                "/rules/0/clauses/0",
            )
        }
        Vendor::Flagsmith => {
            let condition = json!({"property_": "a", "operator": operator, "value": value});
            (
                json!({"rules": [{"type": "ALL", "conditions": [condition]}]}),
                "/rules/0/conditions/0",
            )
        }
        Vendor::GrowthBook => (
            json!({"rules": [{"force": false, "condition": {"a": {operator: value}}}]}),
            "/rules/0/condition/a",
        ),
        _ => (
            json!({"targeting": {operator: [{"var": "a"}, value]}}),
            "/targeting",
        ),
    }
}

#[test]
fn an_operator_that_the_vendor_does_not_know_is_a_line() {
    for (vendor, operator, member) in [
        (Vendor::Unleash, "SOUNDS_LIKE", "/operator"),
        (Vendor::Eppo, "SOUNDS_LIKE", "/operator"),
        (Vendor::LaunchDarkly, "soundsLike", "/op"),
        (Vendor::Flagsmith, "SOUNDS_LIKE", "/operator"),
        (Vendor::GrowthBook, "$soundsLike", "/$soundsLike"),
        (Vendor::Flagd, "sounds_like", "/sounds_like"),
    ] {
        let (members, place) = condition(vendor, operator, &json!("x"));
        assert_line(
            vendor,
            &members,
            Verdict::Remarks,
            &format!("{place}{member}"),
            "",
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_pattern_that_is_not_read_here_is_a_line() {
    let too_long = json!("a".repeat(1_001));
    let look = json!("(?=a)");
    for (vendor, operator, pattern, verdict, member, told) in [
        // They do not read it either.
        (
            Vendor::Unleash,
            "REGEX",
            &look,
            Verdict::Remarks,
            "/value",
            "it matches nothing, there and here",
        ),
        (
            Vendor::Eppo,
            "MATCHES",
            &look,
            Verdict::Remarks,
            "/value",
            "never holds, there and here",
        ),
        // They do.
        (
            Vendor::Unleash,
            "REGEX",
            &too_long,
            Verdict::Refused,
            "/value",
            "write it shorter in Unleash",
        ),
        (
            Vendor::Eppo,
            "MATCHES",
            &too_long,
            Verdict::Refused,
            "/value",
            "write it shorter in Eppo",
        ),
        (
            Vendor::LaunchDarkly,
            "matches",
            &look,
            Verdict::Refused,
            "/values/0",
            "write the pattern without it in LaunchDarkly first",
        ),
        (
            Vendor::LaunchDarkly,
            "matches",
            &too_long,
            Verdict::Refused,
            "/values/0",
            "at most 1000 characters",
        ),
        (
            Vendor::Flagsmith,
            "REGEX",
            &look,
            Verdict::Refused,
            "/value",
            "look-around",
        ),
        (
            Vendor::Flagsmith,
            "REGEX",
            &too_long,
            Verdict::Refused,
            "/value",
            "at most 1000 characters",
        ),
        (
            Vendor::GrowthBook,
            "$regex",
            &look,
            Verdict::Refused,
            "/$regex",
            "a group is",
        ),
    ] {
        let (members, place) = condition(vendor, operator, pattern);
        assert_line(vendor, &members, verdict, &format!("{place}{member}"), told);
    }
}

#[test]
fn a_pattern_in_a_segment_of_unleash_is_a_line_of_each_feature() {
    for (pattern, verdict) in [
        ("(?=a)".to_owned(), Verdict::Remarks),
        ("a".repeat(1_001), Verdict::Refused),
    ] {
        let mut file = file(
            Vendor::Unleash,
            &json!({"strategies": [{"name": "default", "segments": [1]}]}),
        );
        let constraint = json!({"contextName": "a", "operator": "REGEX", "value": pattern});
        file["segments"] = json!([{"id": 1, "name": "s", "constraints": [constraint]}]);
        let report = report(Vendor::Unleash, &file);
        assert_eq!(report.verdict, verdict, "{report:?}");
        assert_eq!(
            report.notes.first().unwrap().pointer,
            "/segments/0/constraints/0/value"
        );
    }
}

#[test]
fn what_depends_on_itself_is_a_line() {
    for (vendor, members, verdict, pointer, told) in [
        (
            Vendor::Unleash,
            json!({"dependencies": [{"feature": "f"}]}),
            Verdict::Remarks,
            "/dependencies/0/feature",
            "has parents itself",
        ),
        (
            Vendor::LaunchDarkly,
            json!({"prerequisites": [{"key": "f", "variation": 0}]}),
            Verdict::Refused,
            "/prerequisites/0/key",
            "break the cycle",
        ),
        (
            Vendor::GrowthBook,
            json!({"rules": [{"force": false}, {"parentConditions": [{"id": "f"}]}]}),
            Verdict::Refused,
            "/rules",
            "remove one of them",
        ),
        (
            Vendor::Flagd,
            json!({"targeting": {"if": [{"$ref": "round"}, "on"]}}),
            Verdict::Refused,
            "/targeting",
            "in a circle",
        ),
    ] {
        assert_line(vendor, &members, verdict, pointer, told);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_flag_that_our_limits_refuse_is_a_line() {
    let name = "v".repeat(300);
    let deep = (0..40).fold(
        json!({"type": "ALL", "conditions": []}),
        |inner, _| json!({"type": "NONE", "rules": [inner]}),
    );
    let pattern = json!(r"[a-z]{900}");
    let patterns: Json = (0..30)
        .map(|_| json!({"contextName": "a", "operator": "REGEX", "value": pattern}))
        .collect();
    let clauses: Json = (0..30)
        .map(|_| json!({"attribute": "a", "op": "matches", "values": [pattern]}))
        .collect();
    let conditions: Json = (0..30)
        .map(|_| json!({"attribute": "a", "operator": "MATCHES", "value": pattern}))
        .collect();
    let targeting = (0..70).fold(json!("on"), |inner, _| json!({"!": inner}));
    for (vendor, members, pointer, told) in [
        (
            Vendor::Unleash,
            json!({"strategies": [{"name": "default", "constraints": patterns}]}),
            "",
            "Flagstaff cannot have it: /flags/f",
        ),
        (
            Vendor::LaunchDarkly,
            json!({"rules": [{"id": "r", "variation": 0, "clauses": clauses}]}),
            "",
            "Flagstaff cannot have it: /flags/f",
        ),
        (
            Vendor::Eppo,
            json!({"allocations": [{"key": "x", "rules": [{"conditions": conditions}],
            "splits": [{"variationKey": "on", "shards": []}]}]}),
            "",
            "Flagstaff cannot have it: /flags/f",
        ),
        (
            Vendor::Flagsmith,
            json!({"rules": [deep]}),
            "/rules/0",
            "at most 10 deep",
        ),
        (
            Vendor::Flagd,
            json!({"targeting": targeting}),
            "/targeting",
            "at most 64 deep",
        ),
        (
            Vendor::Flagd,
            json!({"variants": {name: true}}),
            "/variants",
            "1 to 255 characters",
        ),
    ] {
        let report = report(vendor, &file(vendor, &members));
        assert_eq!(report.verdict, Verdict::Refused, "{vendor:?}: {report:?}");
        let note = report.notes.first().unwrap();
        let start = format!("{}{pointer}", place(vendor));
        assert!(note.pointer.starts_with(&start), "{note:?}");
        assert!(note.message.contains(told), "{note:?}");
    }
}

#[test]
fn a_file_of_fifty_megabytes_is_read_as_any_other() {
    // All vendors are read by the same reader. The command line refuses what is longer than 64 MiB.
    let file = file(Vendor::Unleash, &json!({"comment": "x".repeat(50 << 20)}));
    assert_eq!(report(Vendor::Unleash, &file).verdict, Verdict::Exact);
}
