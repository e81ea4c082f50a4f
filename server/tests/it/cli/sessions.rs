//! `flagstaff session`

use serde_json::{Value, json};

use super::remote::ask;
use super::run;
use crate::support::{ADMIN, Process, Requests as _};

/// Signs somebody in by a one-time link; returns the cookie
async fn signed_in(server: &Process, folder: &std::path::Path, name: &str) -> String {
    let database = ["--database", "sqlite://flags.db", "--name", name];
    let link = run(folder, &[&["sign-in-link"], &database[..]].concat(), "").expect_success();
    let (_, code) = link.trim().split_once("#sign-in=").unwrap();
    let call = server.post("/api/v1/sign-in/link", json!({"code": code}));
    let own_page = call.anonymous().header("sec-fetch-site", "same-origin");
    let answer = own_page.await.expect(204);
    let cookie = answer.header("set-cookie").split_once(';').unwrap().0;
    cookie.to_owned()
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let ask = |line: &str| ask(&server, folder.path(), line);
    let mut cookies = Vec::new();
    for name in ["ann", "bob", "bob"] {
        cookies.push(signed_in(&server, folder.path(), name).await);
    }
    let is_signed_in = async |cookie: &str| {
        let me = server
            .get("/api/v1/me")
            .anonymous()
            .header("cookie", cookie);
        me.await.status == 200
    };
    let list = ask("session list").expect_success();
    assert!(list.starts_with("id "), "{list}");
    assert!(list.contains("  ann   oneTimeLink  "), "{list}");
    let bobs = ask("session list --name bob --format json").expect_success();
    let bobs: Value = serde_json::from_str(&bobs).unwrap();
    assert_eq!(bobs.as_array().unwrap().len(), 2, "{bobs}");
    // The token is nobody's own.
    assert_eq!(ask("session list --own --format json").stdout, "[]\n");

    let id = bobs[0]["id"].as_str().unwrap();
    let ended = ask(&format!("session end {id} --reason lost")).expect_success();
    assert_eq!(ended, format!("the session {id} has ended\n"));
    assert!(!is_signed_in(&cookies[1]).await);
    assert!(is_signed_in(&cookies[2]).await);
    ask(&format!("session end {id}")).expect_failure("does not exist");
    let ended = ask("session end --name bob").expect_success();
    assert_eq!(ended, "sessions that ended: 1\n");
    assert!(!is_signed_in(&cookies[2]).await);
    assert_eq!(ask("session end --own").stdout, "sessions that ended: 0\n");
    assert!(is_signed_in(&cookies[0]).await);
    let audit = ask("audit list --action delete").expect_success();
    assert!(
        audit.contains(&format!("  delete  session {id}  ")),
        "{audit}"
    );

    // Without a server, an operator ends all sessions of a person in the database.
    let database = ["--database", "sqlite://flags.db"];
    let end = ["session", "end", "--name", "ann"];
    let ended = run(folder.path(), &[&end[..], &database].concat(), "").expect_success();
    assert_eq!(ended, "sessions that ended: 1\n");
    for wrong in ["session end", "session end --own --name ann"] {
        assert_eq!(ask(wrong).status, 2, "{wrong}");
    }
}
