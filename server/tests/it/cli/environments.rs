//! `flagstaff environment`: revisions and attributes of an environment

use serde_json::{Value, json};

use super::remote::ask;
use super::run;
use crate::support::{ADMIN, Process, Requests as _, boolean};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"))
}

#[test]
fn an_environment_goes_back_to_an_earlier_revision() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let ask = |line: &str| ask(&server, folder.path(), line);
    for line in [
        "flag set a --on",
        "flag rollout a 40",
        "flag set b --on --reason new",
    ] {
        assert_eq!(ask(line).status, 0, "{line}");
    }
    let history = ask("environment history production").expect_success();
    let lines: Vec<&str> = history.lines().collect();
    assert_eq!(lines.len(), 4, "{history}");
    assert!(lines[0].starts_with("revision  at "), "{history}");
    assert!(
        lines[1].starts_with("3  ") && lines[1].ends_with("  create flag b  new"),
        "{history}"
    );
    let one = ask("environment history production --limit 1 --format json").expect_success();
    let one = parsed(&one);
    assert_eq!(
        (one.as_array().unwrap().len(), &one[0]["revision"]),
        (1, &json!(3))
    );

    let back = "environment rollback production --to 1";
    let preview = ask(&format!("{back} --dry-run")).expect_success();
    assert!(preview.contains("removed  /flags/b  "), "{preview}");
    assert!(preview.contains("changed  /flags/a/serve"), "{preview}");
    assert!(
        preview.contains("of users get another variant"),
        "{preview}"
    );
    assert_eq!(ask("flag get b").status, 0);
    let done = ask(&format!("{back} --reason oops")).expect_success();
    assert_eq!(done, format!("{preview}the environment is at revision 4\n"));
    ask("flag get b").expect_failure("does not exist");
    let history = ask("environment history production").expect_success();
    assert!(
        history.contains("  update flag a, delete flag b  oops\n"),
        "{history}"
    );
    // Nothing is left to change, so there is no new revision.
    assert_eq!(ask(back).expect_success(), "nothing would change\n");
    let again = ask("environment rollback production --to 3 --format json").expect_success();
    let again = parsed(&again);
    assert_eq!(
        (&again["revision"], &again["written"]),
        (&json!(5), &json!(true))
    );
    assert!(again["changes"].is_array(), "{again}");

    ask("environment rollback production --to 9")
        .expect_failure("expected at most 5, the current revision");
    assert_eq!(ask("environment protect production").status, 0);
    ask(back).expect_failure("environment `production` is protected");
    ask("environment history none").expect_failure("environment `none` does not exist");
}

#[tokio::test]
async fn attributes_of_contexts_are_recorded_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(
        folder.path(),
        &["--admin-token", ADMIN, "--server-key", "server"],
    );
    server.put_flag("a", boolean("on")).await;
    let command = "environment record-attributes production";
    let private = ask(
        &server,
        folder.path(),
        &format!("{command} --private email"),
    );
    let begun = "attributes of contexts are recorded in production now\n";
    assert_eq!(private.expect_success(), begun);
    // What is private stays so if it is not named again.
    assert_eq!(ask(&server, folder.path(), command).expect_success(), begun);
    let context = json!({"targetingKey": "u", "email": "u@example.com", "beta\u{1b}[2J": true, "country": "se"});
    let evaluated = server.post("/ofrep/v1/evaluate/flags", json!({"context": context}));
    evaluated.token("server").await.expect(200);
    // A server that stops stores what it has seen.
    server.stop();
    let list = |more: &[&str]| {
        let line = ["environment", "attributes", "production"];
        let database = ["--database", "sqlite://flags.db"];
        let line = [&line[..], &database, more].concat();
        run(folder.path(), &line, "").expect_success()
    };
    let table = list(&[]);
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().take(3).collect())
        .collect();
    assert_eq!(
        rows,
        [
            ["attribute", "types", "values"],
            ["beta\\u{1b}[2J", "boolean", "true"],
            ["country", "string", "\"se\""],
            ["email", "string", "private"],
        ],
        "{table}"
    );
    let json = parsed(&list(&["--format", "json"]));
    assert_eq!(json[1]["values"], json!(["se"]));

    let off = [command, " --off"].concat();
    let off: Vec<&str> = off.split(' ').collect();
    let off = [&off[..], &["--database", "sqlite://flags.db"]].concat();
    let ended = run(folder.path(), &off, "").expect_success();
    assert_eq!(
        ended,
        "attributes of contexts are not recorded in production any more\n"
    );
    assert_eq!(list(&["--format", "json"]), "[]\n");
}
