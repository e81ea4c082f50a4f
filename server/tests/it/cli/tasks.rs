//! The commands of `docs/tasks.md`, each with what it must have done

use super::*;
use crate::support::{ADMIN, Cluster, Process, Requests as _, until};

/// The commands of each task by its title, in the order of the page
fn tasks() -> Vec<(&'static str, &'static str)> {
    let page = include_str!("../../../../docs/tasks.md");
    let tasks = page.split("\n## ").skip(1).map(|task| {
        let (title, text) = task.split_once('\n').unwrap();
        let block = text.split("```sh\n").nth(1).unwrap();
        (title, block.split("```").next().unwrap())
    });
    tasks.collect()
}

const FLAG: &str = "flags/new-checkout";

/// What a user gets, by the server's own evaluation
async fn value_of(server: &Process, context: Value) -> Value {
    let request = json!({"flag": "new-checkout", "context": context});
    let evaluated = server
        .post("/api/v1/evaluate", request)
        .token("a-server-key")
        .await;
    evaluated.expect(200)["value"].clone()
}

/// Checks that a task has been done
async fn check(title: &str, printed: &str, server: &Process) {
    let flag = server.get(FLAG).await;
    match title {
        "Create a flag that is on for 25 % of the users" => {
            assert_eq!(
                (&flag["enabled"], &flag["serve"]["rollout"]),
                (&json!(true), &json!(25))
            );
        }
        "Switch it off in all environments" => {
            for environment in ["production", "staging"] {
                let path = format!("/api/v1/projects/default/environments/{environment}/{FLAG}");
                assert_eq!(server.get(&path).await["enabled"], false, "{environment}");
            }
            // For the tasks after it.
            server
                .patch(FLAG, json!({"enabled": true}))
                .await
                .expect(200);
        }
        "Give one user and one organization an exception" => {
            assert_eq!(
                value_of(server, json!({"targetingKey": "u-17"})).await,
                true
            );
            let of_acme = json!({"targetingKey": "u-1", "organization": {"key": "acme"}});
            assert_eq!(value_of(server, of_acme).await, false);
        }
        "See why a user gets what they get" => {
            assert!(
                printed.starts_with(
                    "new-checkout = true  (variant on, TARGETING_MATCH, override \"user\")"
                ),
                "{printed}"
            );
        }
        "See who changed what in a nested object" => {
            let row = printed.lines().nth(1).unwrap();
            assert!(
                row.contains("/variants/a/phase2/enhancedStorage"),
                "{printed}"
            );
        }
        "Copy staging to production" => {
            assert_eq!(server.get("flags/of-staging").await["enabled"], true);
        }
        "Roll a flag back" => {
            let expected = (&json!(true), &json!(25), &Value::Null);
            assert_eq!(
                (
                    &flag["enabled"],
                    &flag["serve"]["rollout"],
                    &flag["overrides"]
                ),
                expected
            );
        }
        "Find stale flags" => {
            let found: Value = serde_json::from_str(printed).unwrap();
            assert_eq!(found["items"], json!([]), "all are new");
        }
        "Rotate a key" => {
            let made: Value = serde_json::from_str(printed).unwrap();
            server.snapshot(made["token"].as_str().unwrap()).await;
        }
        "Back up and restore" => {
            assert!(
                printed.starts_with("restored from `flags.backup`"),
                "{printed}"
            );
            server.get("flags/after-the-backup").await.expect(404);
            flag.expect(200);
        }
        "Add a member to the team" => {
            let members = server.get("/api/v1/projects/default/members").await;
            assert_eq!(
                members.items()[0]["email"],
                "ann@example.com",
                "{}",
                members.text
            );
        }
        "Wait until a change is in effect everywhere" => {
            assert!(
                printed.contains("of 0 connected instances have the change"),
                "{printed}"
            );
        }
        "Serve flags to a page without a key" => {
            let values = server.get("values?targetingKey=u-17").anonymous().await;
            values.expect(200);
        }
        "Load 10,000 overrides" => {
            assert!(printed.starts_with("10000 added, "), "{printed}");
            assert_eq!(
                value_of(server, json!({"targetingKey": "load-9999"})).await,
                true
            );
        }
        other => panic!("nothing is expected of `{other}`"),
    }
}

#[tokio::test]
async fn every_task_of_a_newcomer_is_one_command() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--admin-token", ADMIN, "--server-key", "a-server-key"];
    let start = || Process::start_on("sqlite://flagstaff.db", folder.path(), &options);
    let mut server = start();
    let lines: Vec<String> = (0..10_000)
        .map(|user| {
            format!(
                "{{\"level\": \"user\", \"contextKey\": \"load-{user}\", \"value\": \"include\"}}\n"
            )
        })
        .collect();
    std::fs::write(folder.path().join("users.ndjson"), lines.concat()).unwrap();
    let key = json!({"kind": "server", "name": "shop"});
    let key = server.post("keys", key).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let tasks = tasks();
    assert_eq!(tasks.len(), 15);
    for (title, commands) in tasks {
        if title == "Run two nodes" {
            run_two_nodes(folder.path(), commands).await;
            continue;
        }
        prepare(title, &server).await;
        let mut commands = commands;
        if let ("Back up and restore", Some((backup, restore))) = (title, commands.split_once('\n'))
        {
            run_in_shell(folder.path(), (&server.address, &key), backup);
            server
                .put_flag("after-the-backup", crate::support::on())
                .await
                .expect(201);
            server.stop();
            commands = restore;
            let printed = run_in_shell(folder.path(), ("", &key), commands);
            server = start();
            check(title, &printed, &server).await;
            continue;
        }
        let printed = run_in_shell(folder.path(), (&server.address, &key), commands);
        check(title, &printed, &server).await;
    }
}

/// Makes what a task is about, if the tasks before it have not
async fn prepare(title: &str, server: &Process) {
    let staging = |key: &str| format!("/api/v1/projects/default/environments/staging/flags/{key}");
    match title {
        "Switch it off in all environments" => {
            server
                .put(&staging("new-checkout"), crate::support::on())
                .await
                .expect(201);
        }
        "See who changed what in a nested object" => {
            let session = json!({
                "type": "object", "enabled": true, "offVariant": "a", "serve": "a",
                "variants": {"a": {"phase2": {"enhancedStorage": false}}},
            });
            server.put_flag("session", &session).await.expect(201);
            let patch = json!({"variants": {"a": {"phase2": {"enhancedStorage": true}}}});
            server.patch("flags/session", patch).await.expect(200);
        }
        "Copy staging to production" => {
            server
                .put(&staging("of-staging"), crate::support::on())
                .await
                .expect(201);
        }
        _ => {}
    }
}

fn run_in_shell(folder: &Path, (server, key): (&str, &str), commands: &str) -> String {
    let binaries = Path::new(env!("CARGO_BIN_EXE_flagstaff")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("sh")
        .args(["-e", "-c", commands])
        .current_dir(folder)
        .env_clear()
        .env("PATH", format!("{}:{path}", binaries.display()))
        .env("FLAGSTAFF_SERVER", server)
        .env("FLAGSTAFF_TOKEN", ADMIN)
        .env("KEY_ID", key)
        .output()
        .unwrap();
    let printed = Printed::from(output);
    assert_eq!(
        printed.status, 0,
        "{commands}{}{}",
        printed.stdout, printed.stderr
    );
    printed.stdout
}

/// The command of the page twice, with addresses of this test instead of those of the page
async fn run_two_nodes(folder: &Path, command: &str) {
    let database = Cluster::shared().database().await;
    let words = command.trim().split(' ').map(|word| match word {
        "0.0.0.0:8080" => "127.0.0.1:0",
        "postgres://USER:PASSWORD@HOST/NAME" => &database,
        word => word,
    });
    let words: Vec<&str> = words.collect();
    assert_eq!(words[0], "flagstaff");
    let start = || {
        let variables = [("FLAGSTAFF_ADMIN_TOKEN", ADMIN)];
        Process::start_as(folder, &words[1..], &variables)
    };
    let (one, other) = (start(), start());
    one.put_flag("shared", crate::support::on())
        .await
        .expect(201);
    until("the other node has the flag", async || {
        other.get("flags/shared").await.status == 200
    })
    .await;
}
