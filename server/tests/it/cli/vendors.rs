//! `flagstaff import --from`: files of other vendors

use std::io::{BufRead as _, BufReader};

use super::remote::ask;
use super::*;
use crate::support::{ADMIN, Process, Requests as _};

mod plan;
mod url;

/// A toggle of Unleash that is on for a share of the users
fn toggle(name: &str, rollout: &str, stickiness: &str) -> Value {
    let parameters = json!({"rollout": rollout, "stickiness": stickiness, "groupId": "gr1"});
    json!({"name": name, "enabled": true, "strategies": [{"name": "flexibleRollout", "parameters": parameters}]})
}

fn unleash(toggles: &[Value]) -> String {
    json!({"version": 2, "features": toggles}).to_string()
}

/// A server with an empty database, and a folder with files
fn start(files: &[(&str, &str)]) -> (tempfile::TempDir, Process) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let keys = ["--admin-token", ADMIN, "--server-key", "a-server-key"];
    let server = Process::start(folder.path(), &keys);
    (folder, server)
}

/// What the server answers a user
async fn value(server: &Process, flag: &str, user: &str) -> Value {
    let request = json!({"flag": flag, "context": {"targetingKey": user}});
    let call = server.post("/api/v1/evaluate", request);
    let evaluated = call.token("a-server-key").await;
    evaluated.expect(200)["value"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_answers_as_the_two_vendors_did() {
    // By Unleash's own test data, user 123 of group gr1 is in slot 73 of 100.
    let of_unleash = unleash(&[toggle("in", "73", "userId"), toggle("out", "72", "userId")]);
    // By LaunchDarkly's, userKeyA is at 0.42157587 and userKeyB at 0.6708485.
    let rollout = json!([{"variation": 0, "weight": 42158}, {"variation": 1, "weight": 57842}]);
    let of_launchdarkly = json!({"flags": {"hashKey": {
        "key": "hashKey", "version": 1, "on": true, "salt": "saltyA", "variations": ["a", "b"],
        "fallthrough": {"rollout": {"variations": rollout}},
    }}, "segments": {}});
    let files = [
        ("unleash.json", &*of_unleash),
        ("launchdarkly.json", &*of_launchdarkly.to_string()),
    ];
    let (folder, server) = start(&files);
    server.put_flag("own", crate::support::on()).await;

    let line = "import --from unleash unleash.json --report report.json --reason moved";
    let printed = ask(&server, folder.path(), line).expect_success();
    let expected = "flag  taken over  where  what to know\n\
        in    exactly\n\
        out   exactly\n\
        2 taken over exactly, 0 with remarks, 0 not taken over\n\
        added    /flags/in  ";
    assert!(printed.starts_with(expected), "{printed}");
    // One revision for both, after that of the server's own flag.
    assert!(
        printed.ends_with("\nthe environment is at revision 2\n"),
        "{printed}"
    );
    let report = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        report[0],
        json!({"flag": "in", "verdict": "exact", "notes": []})
    );

    // stdin, and nothing but JSON on stdout.
    let command = ["import", "--from", "launchdarkly", "-", "--format", "json"];
    let place = ["--server", &*server.address, "--token", ADMIN];
    let given = of_launchdarkly.to_string();
    let printed = run(folder.path(), &[&command[..], &place].concat(), &given);
    let printed: Value = serde_json::from_str(&printed.expect_success()).unwrap();
    assert_eq!(
        (&printed["written"], &printed["revision"]),
        (&json!(true), &json!(3))
    );
    assert_eq!(printed["report"][0]["flag"], "hashKey");
    assert_eq!(printed["changes"][0]["pointer"], "/flags/hashKey");

    assert_eq!(value(&server, "in", "123").await, true);
    assert_eq!(value(&server, "out", "123").await, false);
    assert_eq!(value(&server, "hashKey", "userKeyA").await, "a");
    assert_eq!(value(&server, "hashKey", "userKeyB").await, "b");
    assert_eq!(value(&server, "own", "123").await, true);

    let line = "import --from unleash unleash.json";
    let again = ask(&server, folder.path(), line).expect_success();
    assert!(
        again.ends_with("\nnothing would change\nthe environment is at revision 3\n"),
        "{again}"
    );
    let audit = ask(&server, folder.path(), "audit list --flag in").expect_success();
    assert!(audit.contains("moved"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_that_is_not_taken_over_stops_the_import_unless_it_is_partial_or_approximate() {
    let drawn = unleash(&[
        toggle("drawn\u{1b}[2J", "50", "random"),
        toggle("good", "100", "userId"),
    ]);
    let (folder, server) = start(&[("unleash.json", &drawn)]);
    let import = |options: &[&str]| {
        let command = ["import", "--from", "unleash", "unleash.json"];
        let place = ["--server", &*server.address, "--token", ADMIN];
        run(folder.path(), &[&command[..], &place, options].concat(), "")
    };

    let stopped = import(&["--report", "report.json"]);
    assert_eq!((stopped.status, &*stopped.stderr), (1, ""));
    let lines: Vec<&str> = stopped.stdout.lines().collect();
    // A terminal obeys nothing of the file.
    let refused = "drawn\\u{1b}[2J  no          /features/0/strategies/0  a share drawn at random";
    assert!(lines[2].starts_with(refused), "{}", lines[2]);
    assert_eq!(
        lines[4],
        "1 taken over exactly, 0 with remarks, 1 not taken over"
    );
    assert!(
        lines[5].starts_with("added    /flags/good  "),
        "{}",
        lines[5]
    );
    assert_eq!(
        lines[6..],
        ["nothing is written, because 1 flag is not taken over; --partial writes the others"]
    );
    server.get("flags/good").await.expect(404);
    let report = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report[0]["verdict"], "refused");
    // Before it, which key the flag would have.
    assert_eq!(report[0]["notes"][1]["pointer"], "/features/0/strategies/0");
    let json = import(&["--format", "json"]);
    assert_eq!(json.status, 1);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["written"], false);

    // A dry run ends as the import would.
    assert_eq!(import(&["--dry-run"]).status, 1);
    assert_eq!(import(&["--dry-run", "--partial"]).status, 0);
    server.get("flags/good").await.expect(404);
    import(&["--partial"]).expect_success();
    assert_eq!(server.get("flags/good").await.expect(200)["enabled"], true);
    let flags = server.get("flags").await;
    assert_eq!(flags.items().len(), 1);

    let taken = import(&["--approximate", "drawn\u{1b}[2J"]).expect_success();
    assert!(
        taken.contains("\n1 taken over exactly, 1 with remarks, 0 not taken over\n"),
        "{taken}"
    );
    assert_eq!(server.get("flags").await.items().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_differ_from_the_vendors_stop_the_import() {
    let mut variants = toggle("variants", "100", "userId");
    variants["strategies"][0]["variants"] = json!([{"name": "only", "weight": 1000, "stickiness": "userId", "payload": {"type": "number", "value": "1"}}]);
    let toggles = [toggle("größe", "73", "userId"), variants];
    let same = [
        json!({"context": {"userId": "123"}, "flag": "größe", "value": true}),
        json!({"context": {"userId": "123"}, "flag": "variants", "value": 1.0}),
    ];
    let other = [
        json!({"context": {"userId": "124", "properties": {}}, "flag": "größe", "value": "on"}),
        json!({"context": {}, "flag": "unknown", "value": 7, "default": 8}),
    ];
    let lines = |lines: &[Value]| {
        let lines = lines.iter().map(|line| format!("{line}\n\n"));
        lines.collect::<String>()
    };
    let files = [
        ("unleash.json", &*unleash(&toggles)),
        ("same.ndjson", &*lines(&same)),
        ("other.ndjson", &*(lines(&same) + &lines(&other))),
        ("wrong.ndjson", "{\"context\": {}, \"flag\": \"größe\"}"),
    ];
    let (folder, server) = start(&files);
    let import = |verify: &str| {
        let line = format!("import --from unleash unleash.json --verify {verify}");
        ask(&server, folder.path(), &line)
    };
    let differs = import("other.ndjson");
    assert_eq!((differs.status, &*differs.stderr), (1, ""));
    let expected = "\nline  flag     expected  here\n\
        5     größe    \"on\"      ";
    assert!(differs.stdout.contains(expected), "{}", differs.stdout);
    let expected = "\n7     unknown  7         8\n4 contexts verified, 2 differ\nadded  ";
    assert!(differs.stdout.contains(expected), "{}", differs.stdout);
    let expected = "\nnothing is written, because values differ from the vendor's\n";
    assert!(differs.stdout.ends_with(expected), "{}", differs.stdout);
    let listed = server.get("flags").await;
    assert_eq!(listed.items().len(), 0);
    let json = import("other.ndjson --format json");
    assert_eq!(json.status, 1);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    let difference = json!({"line": 7, "flag": "unknown", "expected": 7, "found": 8});
    assert_eq!(json["verification"]["differences"][1], difference);
    assert_eq!(json["written"], false);
    import("wrong.ndjson").expect_failure("`wrong.ndjson`, line 1: missing field `value`");

    let done = import("same.ndjson").expect_success();
    assert!(done.contains("\n2 contexts verified, 0 differ\n"), "{done}");
    let listed = server.get("flags").await;
    assert_eq!(listed.items().len(), 2);
}

#[test]
fn a_file_that_cannot_be_imported_is_told_and_nothing_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("cut-off.json", "{\"version\": 2, \"features\": [");
    write("other.json", "{\"version\": 2, \"features\": {}}");
    write("ours.json", "{\"flags\": {}}");
    write("good.json", &unleash(&[]));
    write("twice.json", "{\"\\u001b[2J\": 1, \"\\u001b[2J\": 2}");
    let long = std::fs::File::create(folder.path().join("long.json")).unwrap();
    long.set_len((64 << 20) + 1).unwrap();
    std::fs::write(folder.path().join("latin.json"), b"{\"\xe4\": 1}").unwrap();
    for (line, expected) in [
        (
            "unleash cut-off.json",
            "`cut-off.json`: the file cannot be read: EOF",
        ),
        (
            "unleash other.json",
            "`other.json`: /features: expected an array",
        ),
        ("unleash ours.json", "`ours.json`: expected"),
        ("unleash twice.json", "the key `\\u{1b}[2J` comes twice"),
        (
            "unleash long.json",
            "cannot read `long.json`: it is longer than 67108864 bytes",
        ),
        (
            "unleash latin.json",
            "cannot read `latin.json`: invalid utf-8",
        ),
        ("unleash nowhere.json", "cannot read `nowhere.json`: "),
        ("nobody good.json", "possible values: unleash, eppo"),
        (
            "unleash good.json --approximate f",
            "--approximate: expected the key of a flag in the file, not `f`",
        ),
        (
            "unleash good.json --header A:b",
            "--header: expected a URL instead of FILE",
        ),
        (
            "unleash good.json --partial --mode replace",
            "--partial: expected `--mode merge`",
        ),
        (
            "unleash good.json --options []",
            "--options: expected a JSON object",
        ),
        (
            "unleash good.json --options {",
            "--options: expected a JSON object: EOF",
        ),
        (
            "unleash good.json --options {\"fractions\":3}",
            "not `fractions`",
        ),
        (
            "unleash good.json --options {\"fractional\":\"3\"}",
            "--options: expected `fractional`: 2 or 3",
        ),
        ("flagd ours.json --options {\"fractional\":1}", "fractional"),
        (
            "unleash good.json --report nowhere/report.json",
            "cannot write `nowhere/report.json`: ",
        ),
        (
            "unleash http://127.0.0.1:1/f --header Authorization",
            "--header: expected `NAME: VALUE` in one line",
        ),
    ] {
        let line = format!("import --from {line} --token {ADMIN} --server http://127.0.0.1:1");
        let arguments: Vec<&str> = line.split(' ').collect();
        let printed = run(folder.path(), &arguments, "");
        assert_eq!(&*printed.stdout, "", "{line}");
        printed.expect_failure(expected);
    }
    let printed = run(folder.path(), &["import", "good.json", "--partial"], "");
    printed.expect_failure("--from <VENDOR>");
}

/// A toggle whose rule is open from an instant on
fn dated(name: &str, from: &str) -> Value {
    let constraint = json!({"contextName": "currentTime", "operator": "DATE_AFTER", "value": from});
    json!({"name": name, "enabled": true, "strategies": [{"name": "default", "constraints": [constraint]}]})
}

#[test]
fn contexts_are_verified_at_the_instant_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "unleash.json",
        &unleash(&[dated("later", "2030-01-01T00:00:00Z")]),
    );
    write(
        "contexts.ndjson",
        &json!({"context": {}, "flag": "later", "value": true}).to_string(),
    );
    Process::start(folder.path(), &["--admin-token", ADMIN]).stop();
    let import = |options: &[&str]| {
        let command = [
            "import",
            "--from",
            "unleash",
            "unleash.json",
            "--database",
            "sqlite://flags.db",
            "--dry-run",
        ];
        run(folder.path(), &[&command[..], options].concat(), "")
    };
    let verify = |now: &str| import(&["--verify", "contexts.ndjson", "--now", now]);
    let before = verify("2030-01-01T00:00:00Z");
    assert_eq!(before.status, 1, "{}", before.stdout);
    assert!(
        before
            .stdout
            .contains("\n1     later  true      false\n1 contexts verified, 1 differ\n"),
        "{}",
        before.stdout
    );
    let after = verify("2030-01-01T00:00:01Z").expect_success();
    assert!(
        after.contains("\n1 contexts verified, 0 differ\n"),
        "{after}"
    );
    import(&["--now", "2030-01-01T00:00:00Z"]).expect_failure("--verify <FILE>");
    verify("tomorrow").expect_failure("expected a date and time with a zone");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_after_the_differences_were_shown_stops_the_write() {
    // So many differences that the command cannot print them all before somebody reads them.
    let toggles: Vec<Value> = (0..2_000)
        .map(|index| toggle(&format!("toggle-{index:04}"), "50", "userId"))
        .collect();
    let (folder, server) = start(&[("unleash.json", &unleash(&toggles))]);
    let mut command = flagstaff(
        folder.path(),
        &[
            "import",
            "--from",
            "unleash",
            "unleash.json",
            "--server",
            &server.address,
            "--token",
            ADMIN,
        ],
    );
    let mut importing = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(importing.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let shown = lines
        .by_ref()
        .find(|line| line.starts_with("added    /flags/toggle-0000  "));
    assert!(shown.is_some());
    server.put_flag("other", crate::support::on()).await;
    let shown = 1 + lines
        .filter(|line| line.starts_with("added    /flags/toggle-"))
        .count();
    let ended = importing.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), shown), (Some(2), 2_000));
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(told.starts_with("flagstaff: nothing is written: the environment has changed since the differences were found"), "{told}");
    assert_eq!(server.get("flags").await.items().len(), 1);
    ask(&server, folder.path(), "import --from unleash unleash.json").expect_success();
    server.get("flags/toggle-1999").await.expect(200);
}
