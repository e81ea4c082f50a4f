//! `flagstaff environment` and `flagstaff project`

use serde_json::Value;

use super::remote::ask;
use crate::support::{ADMIN, Process};

#[test]
fn environments_are_created_renamed_protected_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let ask = |line: &str| ask(&server, folder.path(), line);
    assert_eq!(ask("environment create qa").stdout, "qa is created\n");
    let renamed = ask("environment rename qa preview");
    assert_eq!(renamed.stdout, "qa is called preview now\n");
    let protected = ask("environment protect preview");
    assert_eq!(protected.stdout, "changes of preview need a reason now\n");
    let list = ask("environment list").stdout;
    let line = list.lines().find(|line| line.starts_with("preview"));
    assert!(
        line.is_some_and(|line| line.ends_with("protected")),
        "{list}"
    );
    let list = ask("environment list --format json").stdout;
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list[1]["requireReason"], true, "{list}");

    // What changes flags passes the reason, and without one is told what is missing.
    for command in [
        "flag set a --on",
        "environment delete preview --confirm preview",
    ] {
        let line = if command.starts_with("flag") {
            format!("{command} --environment preview")
        } else {
            command.to_owned()
        };
        ask(&line).expect_failure("environment `preview` is protected: say why you change it");
        assert_eq!(ask(&format!("{line} --reason over")).status, 0, "{line}");
    }
    let list = ask("environment list").stdout;
    assert!(!list.contains("preview"), "{list}");
    assert_eq!(ask("environment protect staging").status, 0);
    ask("environment unprotect staging").expect_failure("environment `staging` is protected");
    let ended = ask("environment unprotect staging --reason moved");
    assert_eq!(ended.stdout, "changes of staging need no reason now\n");
    ask("environment delete none").expect_failure("environment `none` does not exist");
}

#[test]
fn projects_are_created_renamed_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let ask = |line: &str| ask(&server, folder.path(), line);
    assert_eq!(ask("project create shop").stdout, "shop is created\n");
    assert_eq!(
        ask("project rename shop store").stdout,
        "shop is called store now\n"
    );
    let list = ask("project list").stdout;
    let line = list.lines().find(|line| line.starts_with("store"));
    let environments = "production, staging, development";
    assert!(
        line.is_some_and(|line| line.ends_with(environments)),
        "{list}"
    );
    assert_eq!(ask("flag set a --on --project store").status, 0);
    ask("project delete store").expect_failure("expected `store`, since 1 flags");
    let deleted = ask("project delete store --confirm store").stdout;
    assert!(
        deleted.starts_with("store is deleted; the audit has it as store~"),
        "{deleted}"
    );
    assert!(!ask("project list").stdout.contains("store"));
}
