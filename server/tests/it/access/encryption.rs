//! Encryption of signing secrets in the database, and rotation of the encryption key

use flagstaff_server::Clock;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{ADMIN, Call, Process, Requests as _, refusal, sql, text};

const OLD: &str = "the-old-encryption-key-of-these-tests";
const NEW: &str = "the-new-encryption-key-of-these-tests";

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
        let database = ["--database", "sqlite://flags.db"];
        refusal(self.0.path(), &database, keys)
    }

    /// The stored browser policy of the only key that has one
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

/// A request that is signed with a secret
fn signed(process: &Process, secret: &str) -> Call {
    let context = json!({"targetingKey": "u"});
    let end = Clock::System.now().as_millis().saturating_add(60_000) / 1_000;
    let end = u64::try_from(end).unwrap();
    let signature = super::signed_contexts::sign(secret, "client", &context, end);
    let path = "/ofrep/v1/evaluate/flags";
    let request = process.post(path, json!({"context": context}));
    let request = request.token("client");
    request.header("x-flagstaff-signature", &signature)
}

/// Creates a secret for the key `client`, which from then on accepts signed contexts only
async fn make_secret(process: &Process) -> String {
    let keys = process.get("keys?kind=client").await.expect(200);
    let path = format!("keys/{}", keys.column("id")[0]);
    let secrets = process.post(&format!("{path}/secrets"), ());
    let secret = secrets.await.expect(201);
    let only = process.patch(&path, json!({"signedContexts": true}));
    only.await.expect(200);
    text(&secret.json(), "secret").to_owned()
}

#[tokio::test]
async fn signing_secrets_are_encrypted_and_the_key_can_be_rotated() {
    let folder = Folder(tempfile::tempdir().unwrap());
    // A server without an encryption key stores secrets in plain text.
    let process = folder.start(None);
    let secret = make_secret(&process).await;
    signed(&process, &secret).await.expect(200);
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
        signed(&process, &secret).await.expect(200);
        signed(&process, "another").await.expect(403);
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
        signed(&process, secret).await.expect(200);
    }
    process.stop();
}

#[tokio::test]
async fn a_missing_or_wrong_encryption_key_ends_the_start_and_changes_nothing() {
    let folder = Folder(tempfile::tempdir().unwrap());
    let process = folder.start(Some(OLD));
    let secret = make_secret(&process).await;
    process.stop();
    let stored = folder.rules().await;
    let variable = "FLAGSTAFF_ENCRYPTION_KEYS";
    let malformed = "expected 1 to 8 keys separated by commas";
    for (keys, expected) in [
        (
            &[][..],
            "this server has none: add that key to `--encryption-keys`",
        ),
        (&[(variable, NEW)], "this server has only those of id"),
        (&[(variable, "short-1")], malformed),
        (&[(variable, "")], malformed),
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

    // A changed secret in the database has its own message.
    let address = format!("sqlite://{}", folder.0.path().join("flags.db").display());
    let last = stored.find("\",\"created_at\"").unwrap() - 1;
    let mut changed = stored.clone();
    let digit = ["0", "1"][usize::from(changed.as_bytes()[last] == b'0')];
    changed.replace_range(last..=last, digit);
    let store = async |rules: &str| {
        let update = "UPDATE credential SET rules = '{}' WHERE rules IS NOT NULL";
        sql(&address, &update.replace("{}", rules)).await;
    };
    store(&changed).await;
    let stderr = folder.refusal(&[(variable, OLD)]);
    assert!(stderr.contains("or has been changed since"), "{stderr}");
    store(&stored).await;

    // A key from a file may end with a line break.
    let process = folder.start(Some(&format!("{OLD}\n")));
    signed(&process, &secret).await.expect(200);
    process.get("flags").await.expect(200);
    process.stop();
}
