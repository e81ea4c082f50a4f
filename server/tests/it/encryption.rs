//! Signing secrets in the database: encrypted with a key from the configuration, exchanged for another one, and never lost

use std::process::Command;

use axum::http::StatusCode;
use flagstaff_server::Clock;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{ADMIN, Process};
use crate::support::{FLAGS, http, sql};

const OLD: &str = "the-old-encryption-key-of-these-tests";
const NEW: &str = "the-new-encryption-key-of-these-tests";
const KEYS: &str = "/api/v1/projects/default/environments/production/keys";

struct Folder(TempDir);

impl Folder {
    fn start(&self, keys: Option<&str>) -> Process {
        let fixed = ["--admin-token", ADMIN, "--client-key", "client"];
        let keys: Vec<_> = keys
            .into_iter()
            .flat_map(|keys| ["--encryption-keys", keys])
            .collect();
        Process::start(self.0.path(), &[&fixed[..], &keys].concat())
    }

    /// Why a server with these keys does not start
    fn refusal(&self, keys: &[(&str, &str)]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flagstaff"));
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--database",
            "sqlite://flags.db",
        ]);
        command
            .current_dir(self.0.path())
            .env_clear()
            .envs(keys.iter().copied());
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{stderr}");
        stderr
    }

    /// What the database has of the rules of keys
    async fn rules(&self) -> String {
        use sqlx::{Connection as _, Row as _};
        sqlx::any::install_default_drivers();
        let address = format!("sqlite://{}", self.0.path().join("flags.db").display());
        let mut connection = sqlx::AnyConnection::connect(&address).await.unwrap();
        let rows = sqlx::query("SELECT rules FROM credential WHERE rules IS NOT NULL");
        let rows = rows.fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        assert_eq!(rows.len(), 1);
        rows[0].get::<String, _>(0)
    }
}

async fn write(process: &Process, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
    let url = format!("{}{path}", process.address);
    let request = http()
        .request(method.parse().unwrap(), url)
        .bearer_auth(ADMIN);
    let response = request.body(body.to_string()).send().await.unwrap();
    let (status, text) = (response.status(), response.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or_default())
}

/// The status of a request that is signed with a secret
async fn signed(process: &Process, secret: &str) -> StatusCode {
    let context = json!({"targetingKey": "u"});
    let end = Clock::System.now().as_millis().saturating_add(60_000) / 1_000;
    let end = u64::try_from(end).unwrap();
    let signature = crate::signing::sign(secret, "client", &context, end);
    let url = format!("{}/ofrep/v1/evaluate/flags", process.address);
    let request = http()
        .post(url)
        .bearer_auth("client")
        .header("x-flagstaff-signature", signature);
    let body = json!({"context": context}).to_string();
    request.body(body).send().await.unwrap().status()
}

/// Makes a secret for the key `client`, which takes signed contexts only from then on
async fn make_secret(process: &Process) -> String {
    let (_, keys) = process.get(KEYS, ADMIN).await;
    let key = keys["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kind"] == "client")
        .unwrap();
    let path = format!("{KEYS}/{}", key["id"].as_str().unwrap());
    let (status, secret) = write(process, "POST", &format!("{path}/secrets"), &Value::Null).await;
    assert_eq!(status, StatusCode::CREATED, "{secret}");
    let only = json!({"signedContexts": true});
    let (status, problem) = write(process, "PATCH", &path, &only).await;
    assert_eq!(status, StatusCode::OK, "{problem}");
    secret["secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn secrets_are_encrypted_and_the_key_can_be_exchanged() {
    let folder = Folder(tempfile::tempdir().unwrap());
    // As a server without a key, or of an earlier release, keeps it.
    let process = folder.start(None);
    let secret = make_secret(&process).await;
    assert_eq!(signed(&process, &secret).await, StatusCode::OK);
    process.stop();
    assert!(folder.rules().await.contains(&secret));

    let old_first = format!("{OLD},{NEW}");
    let new_first = format!("{NEW},{OLD}");
    let mut stored = folder.rules().await;
    for (keys, is_anew) in [
        (OLD, true),
        (&old_first, false),
        (&new_first, true),
        (NEW, false),
    ] {
        let process = folder.start(Some(keys));
        assert_eq!(signed(&process, &secret).await, StatusCode::OK, "{keys}");
        assert_eq!(
            signed(&process, "another").await,
            StatusCode::FORBIDDEN,
            "{keys}"
        );
        process.stop();
        let rules = folder.rules().await;
        assert!(!rules.contains(&secret), "{keys}: {rules}");
        assert_eq!(rules != stored, is_anew, "{keys}");
        stored = rules;
    }
    let process = folder.start(Some(NEW));
    let second = make_secret(&process).await;
    process.stop();
    let rules = folder.rules().await;
    assert!(
        !rules.contains(&second) && !rules.contains(&secret),
        "{rules}"
    );
    let process = folder.start(Some(NEW));
    for secret in [&secret, &second] {
        assert_eq!(signed(&process, secret).await, StatusCode::OK);
    }
    process.stop();
}

#[tokio::test]
async fn a_key_that_is_missing_or_wrong_ends_the_start_and_loses_nothing() {
    let folder = Folder(tempfile::tempdir().unwrap());
    let process = folder.start(Some(OLD));
    let secret = make_secret(&process).await;
    process.stop();
    let stored = folder.rules().await;
    let variable = "FLAGSTAFF_ENCRYPTION_KEYS";
    for (keys, expected) in [
        (
            &[][..],
            "this server has none: add that key to `--encryption-keys`",
        ),
        (&[(variable, NEW)], "this server has only those of id"),
        (
            &[(variable, "short-1")],
            "expected 1 to 8 keys separated by commas",
        ),
        (
            &[(variable, "")],
            "expected 1 to 8 keys separated by commas",
        ),
    ] {
        let stderr = folder.refusal(keys);
        assert!(stderr.contains(expected), "{expected}: {stderr}");
        for secret in [OLD, NEW, "short-1", &secret] {
            assert!(!stderr.contains(secret), "{stderr}");
        }
    }
    let stderr = folder.refusal(&[(variable, NEW)]);
    assert!(stderr.contains("cannot use the signing secret"), "{stderr}");
    assert_eq!(folder.rules().await, stored);

    // What somebody has changed in the database is said too, and is not taken for a wrong key.
    let address = format!("sqlite://{}", folder.0.path().join("flags.db").display());
    let last = stored.find("\",\"created_at\"").unwrap() - 1;
    let mut changed = stored.clone();
    let digit = if changed.as_bytes()[last] == b'0' {
        "1"
    } else {
        "0"
    };
    changed.replace_range(last..=last, digit);
    sql(
        &address,
        &format!("UPDATE credential SET rules = '{changed}' WHERE rules IS NOT NULL"),
    )
    .await;
    let stderr = folder.refusal(&[(variable, OLD)]);
    assert!(stderr.contains("or has been changed since"), "{stderr}");
    sql(
        &address,
        &format!("UPDATE credential SET rules = '{stored}' WHERE rules IS NOT NULL"),
    )
    .await;

    // From a file or a secret store it may come with a line break.
    let process = folder.start(Some(&format!("{OLD}\n")));
    assert_eq!(signed(&process, &secret).await, StatusCode::OK);
    assert_eq!(process.get(FLAGS, ADMIN).await.0, StatusCode::OK);
    process.stop();
}
