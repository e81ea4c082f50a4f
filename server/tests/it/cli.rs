//! The commands that read files

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Printed, flagstaff};

mod audit;
mod config;
mod environments;
mod flags;
mod names;
mod remote;
mod session;
mod sessions;
mod tasks;
mod vendors;

pub(crate) fn run(folder: &Path, arguments: &[&str], stdin: &str) -> Printed {
    let mut command = flagstaff(folder, arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap().into()
}

fn document(flags: &Value) -> String {
    json!({"schemaVersion": 1, "flags": flags}).to_string()
}

fn flag() -> Value {
    json!({"type": "boolean", "enabled": true, "serve": "off"})
}

fn with_rule(when: &Value) -> String {
    let mut flag = flag();
    flag["rules"] = json!([{"id": "staff", "when": when, "serve": "on"}]);
    document(&json!({"f": flag}))
}

#[test]
fn the_exit_status_of_lint_is_that_of_the_worst_finding() {
    let folder = tempfile::tempdir().unwrap();
    let broken = document(&json!({"f": {"type": "boolean", "enabled": true, "serve": "maybe"}}));
    let never = with_rule(&json!({"attribute": "a", "op": "matches", "value": "a^"}));
    let mut nobody = flag();
    nobody["serve"] = json!({"variant": "on", "rollout": 0});
    let info = document(&json!({"f": nobody}));
    for (text, deny, status, expected) in [
        (
            document(&json!({"f": flag()})),
            false,
            0,
            "0 errors, 0 warnings, 0 infos",
        ),
        (info, true, 0, "info[serves-nobody] /flags/f/serve/rollout"),
        (
            never.clone(),
            false,
            0,
            "warning[dead-pattern] /flags/f/rules/0/when",
        ),
        (never, true, 1, "hint: "),
        (
            broken,
            false,
            1,
            "error[broken] /flags/f/serve: unknown variant `maybe`",
        ),
    ] {
        let deny: &[&str] = if deny { &["--deny", "warnings"] } else { &[] };
        let printed = run(folder.path(), &[&["lint", "-"], deny].concat(), &text);
        assert_eq!(printed.status, status, "{text}: {}", printed.stdout);
        assert_eq!(&*printed.stderr, "", "{text}: {}", printed.stdout);
        assert!(printed.stdout.contains(expected), "{}", printed.stdout);
    }
}

#[test]
fn lint_prints_positions_as_text_as_json_and_for_github() {
    let folder = tempfile::tempdir().unwrap();
    let text = "{\"schemaVersion\": 1, \"flags\": {\n  \"f\": {\"type\": \"boolean\", \"enabled\": true,\n    \"serve\": \"100%\"}\n}}";
    std::fs::write(folder.path().join("a,b.json"), text).unwrap();
    let in_format = |format| run(folder.path(), &["lint", "a,b.json", "--format", format], "");
    let people = in_format("text");
    assert!(
        people.stdout.starts_with(
            "a,b.json:3:14: error[broken] /flags/f/serve: unknown variant `100%`\n  hint: "
        ),
        "{}",
        people.stdout
    );
    let github = in_format("github");
    assert!(github.stdout.starts_with("::error file=a%2Cb.json,line=3,col=14,title=broken::/flags/f/serve: unknown variant `100%25` ("), "{}", github.stdout);
    let programs = in_format("json");
    let read: Value = serde_json::from_str(&programs.stdout).unwrap();
    assert_eq!(read["file"], "a,b.json");
    assert_eq!(read["errors"], 1);
    assert_eq!(read["warnings"], 0);
    let finding = &read["findings"][0];
    assert_eq!(finding["code"], "broken");
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["pointer"], "/flags/f/serve");
    assert_eq!(finding["position"], json!({"line": 3, "column": 14}));
    assert_eq!([people.status, github.status, programs.status], [1, 1, 1]);
}

#[test]
fn lint_takes_the_time_from_its_option() {
    let folder = tempfile::tempdir().unwrap();
    let mut expiring = flag();
    expiring["expiresAt"] = json!("2030-01-01T00:00:00Z");
    let text = document(&json!({"f": expiring}));
    for (now, is_found) in [
        ("2030-01-01T00:00:00Z", true),
        ("2029-12-31T23:59:59Z", false),
        ("1893456000000", true),
    ] {
        let printed = run(folder.path(), &["lint", "-", "--now", now], &text);
        assert_eq!(
            printed
                .stdout
                .contains("warning[expired] /flags/f/expiresAt"),
            is_found,
            "{now}: {}",
            printed.stdout
        );
    }
}

#[test]
fn unreadable_input_is_reported_with_status_2() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("good.json"),
        document(&json!({"f": flag()})),
    )
    .unwrap();
    std::fs::write(folder.path().join("bad.json"), "{").unwrap();
    std::fs::write(folder.path().join("binary.json"), [0xff, 0xfe]).unwrap();
    std::fs::write(folder.path().join("contexts.ndjson"), "{}\n\n[]\n").unwrap();
    for (arguments, expected) in [
        (&["lint", "none.json"][..], "cannot read `none.json`"),
        (
            &["lint", "bad.json"],
            "`bad.json`: the document cannot be read",
        ),
        (&["lint", "binary.json"], "cannot read `binary.json`"),
        (&["lint", "-"], "`-`: the document cannot be read"),
        (&["diff", "good.json", "bad.json"], "the new document:"),
        (&["diff", "bad.json", "good.json"], "the old document:"),
        (&["diff", "-", "-"], "stdin can be read only once"),
        (
            &[
                "diff",
                "good.json",
                "good.json",
                "--contexts",
                "contexts.ndjson",
            ],
            "`contexts.ndjson`, line 3:",
        ),
        (
            &["eval", "bad.json", "f"],
            "`bad.json`: the document cannot be read",
        ),
        (
            &["eval", "good.json", "f", "--context", "@none.json"],
            "cannot read `none.json`",
        ),
        (
            &["eval", "-", "f", "--context", "@-"],
            "stdin can be read only once",
        ),
        (
            &["eval", "good.json", "f", "--now", "yesterday"],
            "expected a date and time with a zone",
        ),
        (&["eval", "good.json", "f", "--type", "float"], "--type"),
        (
            &["eval", "good.json"],
            "FLAG: expected the key of a flag after the document",
        ),
    ] {
        let printed = run(folder.path(), arguments, "");
        assert_eq!(printed.status, 2, "{arguments:?}");
        assert_eq!(&*printed.stdout, "", "{arguments:?}");
        assert!(
            printed.stderr.contains(expected),
            "{arguments:?}: {}",
            printed.stderr
        );
    }
}

#[test]
fn diff_prints_the_share_of_moved_users_and_the_outcomes_that_change() {
    let folder = tempfile::tempdir().unwrap();
    let rollout = |percent: u32| {
        let mut flag = flag();
        flag["serve"] = json!({"variant": "on", "rollout": percent});
        flag["salt"] = json!("f");
        document(&json!({"f": flag, "g": {"type": "boolean", "enabled": true, "serve": "off"}}))
    };
    std::fs::write(folder.path().join("old.json"), rollout(10)).unwrap();
    std::fs::write(folder.path().join("new.json"), rollout(20)).unwrap();
    let units = (0..200).map(|unit| format!("{{\"targetingKey\": \"u{unit}\"}}\n"));
    let contexts: String = units.collect();
    let arguments = [
        "diff",
        "old.json",
        "new.json",
        "--contexts",
        "-",
        "--now",
        "0",
    ];
    let printed = run(folder.path(), &arguments, &contexts);
    assert_eq!(printed.status, 1);
    assert_eq!(&*printed.stderr, "");
    for expected in [
        "at 1970-01-01T00:00:00.000Z\n",
        "~ /flags/f/serve/rollout: 10 -> 20\n",
        "flag f changes\n  /flags/f/serve: 10 % of units move, by one hash\n    off -> on: 10 %\n",
        "independent",
        "200 contexts read, ",
        "f: off false (DEFAULT declined) -> on true (SPLIT serve): ",
    ] {
        assert!(
            printed.stdout.contains(expected),
            "{expected}: {}",
            printed.stdout
        );
    }
    assert!(!printed.stdout.contains("flag g"), "{}", printed.stdout);

    let printed = run(
        folder.path(),
        &[&arguments[..], &["--format", "json"]].concat(),
        &contexts,
    );
    let read: Value = serde_json::from_str(&printed.stdout).unwrap();
    assert_eq!(
        read["flags"][0]["splits"][0]["moves"],
        json!([{"before": "off", "after": "on", "share": 0.1}])
    );
    let changes = read["contexts"]["changes"].as_array().unwrap();
    assert_eq!(read["contexts"]["changed"], json!(changes.len()));
    for change in changes {
        let line = change["line"].as_u64().unwrap();
        assert_eq!(change["targetingKey"], json!(format!("u{}", line - 1)));
        assert_eq!(change["before"]["value"], false);
        assert_eq!(change["after"]["value"], true);
    }

    let same = run(folder.path(), &["diff", "old.json", "old.json"], "");
    assert_eq!(same.status, 0);
    assert_eq!(&*same.stdout, "nothing changes\n");
}

#[test]
fn eval_prints_outcomes_and_explanations() {
    let folder = tempfile::tempdir().unwrap();
    let when = json!({"all": [{"attribute": "plan", "op": "equals", "value": "pro"}, {"attribute": "age", "op": "greaterThan", "value": 17}]});
    std::fs::write(folder.path().join("flags.json"), with_rule(&when)).unwrap();
    std::fs::write(
        folder.path().join("pro.json"),
        r#"{"plan": "pro", "age": 18}"#,
    )
    .unwrap();
    let eval = |arguments: &[&str], stdin: &str| {
        run(
            folder.path(),
            &[&["eval", "flags.json", "f"], arguments].concat(),
            stdin,
        )
    };

    let inline = eval(&["--context", r#"{"plan": "pro", "age": 18}"#], "");
    assert_eq!(inline.status, 0);
    assert_eq!(
        &*inline.stdout,
        "f = true  (variant on, TARGETING_MATCH, rule 0 \"staff\")\n"
    );
    assert_eq!(eval(&["--context", "@pro.json"], "").stdout, inline.stdout);
    assert_eq!(
        eval(&["--context", "@-"], r#"{"plan": "pro", "age": 18}"#).stdout,
        inline.stdout
    );

    let explained = eval(&["--explain", "--context", r#"{"plan": "pro"}"#], "");
    let expected = "f = false  (variant off, DEFAULT, serve)
  rule 0 `staff`: no match
    no  all
      yes `plan` equals: it is \"pro\"
      no  `age` greaterThan: it is missing
  serve: `off`
    rollout to 100 %
";
    assert_eq!(explained.status, 0);
    assert_eq!(&*explained.stdout, expected);

    // A user who is named as other systems name one.
    let of_other = ["--explain", "--context", r#"{"userId": "u1"}"#];
    let hint = "the user's key is `targetingKey`; `userId` is an attribute like any other";
    let explained = eval(&of_other, "").stdout;
    let last = explained.lines().last().unwrap();
    assert!(
        last.starts_with("  hint: ") && last.ends_with(hint),
        "{last}"
    );
    let in_json = eval(&[&of_other[..], &["--format", "json"]].concat(), "").stdout;
    let in_json: Value = serde_json::from_str(&in_json).unwrap();
    assert!(in_json["hints"][0].as_str().unwrap().ends_with(hint));

    let outcome: Value = serde_json::from_str(&eval(&["--format", "json"], "").stdout).unwrap();
    assert_eq!(outcome["value"], false);
    assert_eq!(outcome.as_object().unwrap().len(), 9);
    let both: Value =
        serde_json::from_str(&eval(&["--format", "json", "--explain"], "").stdout).unwrap();
    assert_eq!(both["outcome"], outcome);
    assert_eq!(both["trace"][0]["type"], "rule");
}

#[test]
fn eval_exits_with_1_where_there_is_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let broken = json!({"type": "boolean", "enabled": true, "serve": "maybe"});
    std::fs::write(
        folder.path().join("flags.json"),
        document(&json!({"f": flag(), "bad": broken})),
    )
    .unwrap();
    for (arguments, expected) in [
        (
            &["nope"][..],
            "nope = FLAG_NOT_FOUND: there is no such flag\n",
        ),
        (&["f", "--type", "string"], "f = TYPE_MISMATCH: "),
        (&["f", "--context", "[]"], "f = INVALID_CONTEXT: "),
        (
            &["f", "--context", r#"{"targetingKey": 7}"#],
            "f = INVALID_CONTEXT: ",
        ),
        (&["bad"], "\n  /flags/bad/serve: unknown variant `maybe`\n"),
    ] {
        let printed = run(
            folder.path(),
            &[&["eval", "flags.json"], arguments].concat(),
            "",
        );
        assert_eq!(printed.status, 1, "{arguments:?}");
        assert_eq!(&*printed.stderr, "", "{arguments:?}");
        assert!(
            printed.stdout.contains(expected),
            "{arguments:?}: {}",
            printed.stdout
        );
    }
}

#[test]
fn the_readme_shows_what_the_commands_print() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let block = readme.split("```console\n").nth(1).unwrap();
    let block = block.split("```").next().unwrap();
    let commands: Vec<&str> = block.split("$ ").skip(1).collect();
    assert_eq!(commands.len(), 3);
    let folder = Path::new(env!("CARGO_BIN_EXE_flagstaff")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    for shown in commands {
        let (command, expected) = shown.split_once('\n').unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(&root);
        shell.env("PATH", format!("{}:{path}", folder.display()));
        let output = shell.output().unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            expected,
            "{command}"
        );
    }
}
