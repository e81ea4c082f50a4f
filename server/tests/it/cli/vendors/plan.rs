//! `flagstaff import --from VENDOR --rehash plan`

use super::*;

#[test]
fn a_plan_tells_what_another_hash_would_change_and_asks_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let mut split = toggle("größe", "100", "userId");
    split["strategies"][0]["variants"] = json!([
        {"name": "s", "weight": 500, "stickiness": "userId"}, {"name": "m", "weight": 300, "stickiness": "userId"},
        {"name": "l", "weight": 200, "stickiness": "userId"},
    ]);
    let toggles = [
        toggle("quarter", "25", "userId"),
        split,
        toggle("all", "100", "default"),
        toggle("drawn", "50", "random"),
    ];
    write("unleash.json", &unleash(&toggles));
    let plan = |options: &[&str]| {
        let command = [
            "import",
            "--from",
            "unleash",
            "unleash.json",
            "--rehash",
            "plan",
            "--partial",
        ];
        run(folder.path(), &[&command[..], options].concat(), "")
    };
    let printed = plan(&["--report", "report.json"]).expect_success();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(
        lines[6],
        "2 taken over exactly, 1 with remarks, 1 not taken over"
    );
    let expected = "größe    /flags/gr--e/rules/0/serve    62 %               2 independent hashes  \
        m -> s 15 %, s -> m 15 %, l -> s 10 %, s -> l 10 %, and 2 more";
    assert_eq!(lines[8], expected);
    assert!(
        lines[9].starts_with("quarter  /flags/quarter/rules/0/serve  37.5 %  "),
        "{}",
        lines[9]
    );
    assert!(
        lines[10].starts_with("2 of 3 flags are hashed as by unleash, at 2 places: "),
        "{}",
        lines[10]
    );
    assert!(
        lines[10].ends_with(" 49.75 % of the units change on average, and 62 % at most"),
        "{}",
        lines[10]
    );

    let report = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let place = json!({"pointer": "/flags/quarter/rules/0/serve", "vendor": "unleash", "moved": 0.375, "hashes": 1, "moves": [
        {"before": null, "after": "on", "share": 0.1875}, {"before": "on", "after": null, "share": 0.1875},
    ]});
    assert_eq!(
        report[0],
        json!({"flag": "quarter", "verdict": "exact", "notes": [], "rehash": [place]})
    );
    assert_eq!(report[2]["rehash"], json!([]));
    // What is not taken over has no plan.
    assert_eq!(
        (&report[3]["verdict"], report[3].get("rehash")),
        (&json!("refused"), None)
    );

    let printed = plan(&["--format", "json"]).expect_success();
    let printed: Value = serde_json::from_str(&printed).unwrap();
    let total = json!({"flags": 3, "hashed": 2, "places": 2, "unknown": 0, "mean": 0.4975, "largest": 0.62});
    assert_eq!((&printed["rehash"], &printed["report"]), (&total, &report));
    assert_eq!(printed["written"], false);
    assert!(printed.get("revision").is_none());

    let ours = run(
        folder.path(),
        &["import", "unleash.json", "--rehash", "plan"],
        "",
    );
    ours.expect_failure("--rehash plan: expected `--from VENDOR`");
}
