//! What an intruder in Redis can do

use std::collections::HashMap;

use super::*;

use crate::support::{
    ADMIN, Cluster, Database, Deaf, Live, Process, Server, on, refusal, store_keys, until,
};

/// All fields of the copy
type Fields = HashMap<String, Vec<u8>>;

fn read(cache: &Cache) -> Fields {
    cache.connect().hgetall(cache.copy().unwrap()).unwrap()
}

fn write(cache: &Cache, name: &str, fields: &Fields) {
    let mut connection = cache.connect();
    let () = connection.del(name).unwrap();
    let fields: Vec<_> = fields.iter().collect();
    connection
        .hset_multiple::<_, _, _, ()>(name, &fields)
        .unwrap();
}

/// Why a node does not start without its database
fn unstarted(database: &str, cache: &Cache, arguments: &[&str]) -> String {
    let redis = ["--redis", &cache.address, "--database", database];
    let arguments = [&redis[..], arguments].concat();
    let stderr = refusal(&std::env::temp_dir(), &arguments, &[]);
    assert!(stderr.contains("cannot open the database"), "{stderr}");
    stderr
}

/// A copy of the keys that is not encrypted, with an admin of the intruder
fn plain_access() -> Vec<u8> {
    let hash = flagstaff_server::auth::hash("intruder");
    let admin = json!({
        "hash": hash, "kind": "admin", "project_id": null, "environment_id": null,
        "name": "admin", "hint": "", "created_at": 0, "expires_at": null, "rules": {},
    });
    let access =
        json!({"form": 2, "version": 999_999, "keys": [admin], "public": [], "members": []});
    access.to_string().into_bytes()
}

#[tokio::test]
async fn a_forged_copy_is_refused() {
    let (cluster, cache) = (Cluster::start(), Cache::start());
    let database = cluster.database().await;
    let first = node(&database, &cache);
    first.put_flag("a", on()).await;
    cache.until_copied(1).await;
    let before = read(&cache);
    first.put_flag("b", on()).await;
    let token = json!({"role": "viewer", "name": "one more"});
    let created = first.post("/api/v1/projects/default/tokens", token);
    created.await.expect(201);
    cache.until_copied(2).await;
    // The copy has the new token, and is authenticated.
    let is_new = async || read(&cache)["version:access"] != before["version:access"];
    until("the copy has the token", is_new).await;
    let copied = read(&cache);
    let is_vouched_for = async || read(&cache)["voucher"] != copied["voucher"];
    until("the copy is vouched for", is_vouched_for).await;
    assert_eq!(read(&cache)["access"], copied["access"]);
    cluster.crash();
    first.kill();
    let (name, genuine) = (cache.copy().unwrap(), read(&cache));
    for secret in [&b"one more"[..], b"admin", b"enabled"] {
        let tells = |text: &Vec<u8>| text.windows(secret.len()).any(|part| part == secret);
        assert!(!genuine.values().any(tells), "nobody reads it either");
    }

    let keys = ["--encryption-keys", ENCRYPTION];
    let with = |changes: &[(&str, Vec<u8>)]| {
        let mut fields = genuine.clone();
        fields.extend(
            changes
                .iter()
                .map(|(name, text)| ((*name).to_owned(), text.clone())),
        );
        fields
    };
    let version = String::from_utf8(genuine["version:access"].clone()).unwrap();
    let epoch = version.split('.').next().unwrap();
    let high = format!("{epoch}.999999");
    let coded = format!("{high}.{}", version.rsplit('.').next().unwrap());
    let mut flipped = genuine["access"].clone();
    *flipped.last_mut().unwrap() ^= 1;
    let unbelieved = "the copy's `access` is not believed";
    let mixed = "the copy's `access` is not of the state that the copy is said to be of";
    for (changes, expected) in [
        (vec![("access", plain_access())], unbelieved),
        (vec![("access", flipped)], unbelieved),
        (
            vec![("access", genuine["environment:1"].clone())],
            unbelieved,
        ),
        (vec![("access", before["access"].clone())], unbelieved),
        (vec![("version:access", high.clone().into())], mixed),
        (
            vec![("version:access", coded.into()), ("access", plain_access())],
            mixed,
        ),
        // An older copy, all of which is genuine.
        (
            ["access", "version:access"]
                .map(|name| (name, before[name].clone()))
                .to_vec(),
            mixed,
        ),
        (
            vec![("voucher", b"{}".to_vec())],
            "the copy's `voucher` is not believed",
        ),
        (
            vec![("voucher", genuine["access"].clone())],
            "the copy's `voucher` is not believed",
        ),
    ] {
        write(&cache, &name, &with(&changes));
        let stderr = unstarted(&database, &cache, &keys);
        assert!(stderr.contains(expected), "{expected}: {stderr}");
    }
    // No node reads a copy that is not encrypted.
    let old = name.replace("encrypted-copy", "copy");
    let current_at = ("current-at".to_owned(), b"1".to_vec());
    write(
        &cache,
        &old,
        &Fields::from([("access".to_owned(), plain_access()), current_at]),
    );
    write(&cache, &name, &genuine);
    let stderr = unstarted(&database, &cache, &[]);
    let expected = "without `--encryption-keys` no copy is kept, and none is believed";
    assert!(stderr.contains(expected), "{stderr}");
    let another = ["--encryption-keys", "another-encryption-key-of-these-tests"];
    let stderr = unstarted(&database, &cache, &another);
    assert!(
        stderr.contains("it is encrypted with the encryption key of id"),
        "{stderr}"
    );

    let second = node(&database, &cache);
    assert_eq!(second.snapshot("server").await["revision"], 2);
    second.get("flags").token("intruder").await.expect(401);
    second.stop();
}

#[tokio::test]
async fn a_forged_version_does_not_stop_updates_of_the_copy() {
    let cache = Cache::start();
    let database = Cluster::shared().database().await;
    let first = node(&database, &cache);
    first.put_flag("a", on()).await;
    cache.until_copied(1).await;
    let version = String::from_utf8(read(&cache)["version:environment:1"].clone()).unwrap();
    let (epoch, code) = (
        version.split('.').next().unwrap(),
        version.rsplit('.').next().unwrap(),
    );
    for forged in [
        format!("{epoch}.999999"),
        format!("{epoch}.999999.{code}"),
        "x".to_owned(),
    ] {
        let () = cache
            .connect()
            .hset(cache.copy().unwrap(), "version:environment:1", &forged)
            .unwrap();
        cache.until_copied(1).await;
    }
    first.stop();
}

#[tokio::test]
async fn encryption_keys_are_rotated_without_an_outage() {
    let (cluster, cache) = (Cluster::start(), Cache::start());
    let database = cluster.database().await;
    let new = "the-new-encryption-key-of-these-tests";
    let (old_first, new_first) = (format!("{ENCRYPTION},{new}"), format!("{new},{ENCRYPTION}"));
    let start = |keys: &str| {
        let arguments = [
            "--admin-token",
            ADMIN,
            "--server-key",
            SERVER,
            "--redis",
            &cache.address,
            "--encryption-keys",
            keys,
        ];
        Process::start_on(&database, &std::env::temp_dir(), &arguments)
    };
    let revision = |version: &Fields| version["voucher"].get(..8).map(<[u8]>::to_vec);
    let first = start(&old_first);
    first.put_flag("a", on()).await;
    cache.until_copied(1).await;
    let old = revision(&read(&cache));
    let second = start(&new_first);
    second.put_flag("b", on()).await;
    cache.until_copied(2).await;
    first.stop();
    // A node with only the new key replaces what it cannot read.
    second.stop();
    let third = start(new);
    let is_old = |text: &Vec<u8>| text.starts_with(old.as_deref().unwrap());
    let is_new = async || !read(&cache).values().any(is_old);
    until("all of the copy is encrypted with the new key", is_new).await;
    cluster.crash();
    third.kill();
    let fourth = start(new);
    assert_eq!(fourth.snapshot("server").await["revision"], 2);
    fourth.stop();
}

#[tokio::test]
async fn a_forged_rate_leaves_a_tenth_of_the_rate_at_each_node() {
    let cache = Cache::start();
    let rates = Rates {
        key: 10,
        ..Rates::default()
    };
    let server = Server::with_rates(rates).await;
    tokio::spawn(keep(Arc::new(redis(&cache)), server.state.clone()));
    let ask = async || {
        let answer = server.post("/ofrep/v1/evaluate/flags", "{}");
        answer.token("client").await.status == 200
    };
    let accounts = || -> Vec<String> {
        cache
            .connect()
            .keys("flagstaff:*:rate:evaluation:*")
            .unwrap()
    };
    let is_counted = async || {
        ask().await;
        !accounts().is_empty()
    };
    until("the account is counted in Redis", is_counted).await;
    // The forged rate is used up for thousands of years: the node then serves and shares it once a second.
    let mut answered = 0;
    for _ in 0..30 {
        for account in accounts() {
            let () = cache.connect().set(account, "1e18").unwrap();
        }
        server.wait(1_000);
        while ask().await {
            answered += 1;
            assert!(answered < 1_000, "it has a limit yet");
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert!(
        answered >= 25,
        "one a second is a tenth, {answered} were served in 30"
    );
    // The forged rate is used for ten seconds more.
    for account in accounts() {
        let () = cache.connect().del(account).unwrap();
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.wait(11_000);
    let mut answered = 0;
    while ask().await {
        answered += 1;
    }
    assert!(answered >= 50, "{answered}");
}

#[tokio::test]
async fn a_flood_of_notifications_causes_few_polls() {
    let cache = Cache::start();
    let database = Database::postgres(Cluster::shared()).await;
    let never = RuntimeConfig {
        poll: Duration::from_hours(1),
        ..RuntimeConfig::default()
    };
    let deaf = Arc::new(Deaf::new(database.open().await));
    store_keys(&*deaf).await;
    let store: Arc<dyn Store> = deaf.clone();
    let node = AppState::load(store, never, Clock::System).await.unwrap();
    tokio::spawn(keep(Arc::new(redis(&cache)), node.clone()));
    let node = Live::serve(node).await;
    let channels = || -> Vec<String> {
        let mut connection = cache.connect();
        ::redis::cmd("PUBSUB")
            .arg("CHANNELS")
            .query(&mut connection)
            .unwrap()
    };
    until("the node listens", async || !channels().is_empty()).await;
    let channel = channels().remove(0);
    let (before, begun) = (deaf.polled(), std::time::Instant::now());
    let flood = tokio::task::spawn_blocking({
        let mut connection = cache.connect();
        move || {
            for _ in 0..20_000 {
                let () = connection.publish(&channel, "x".repeat(100)).unwrap();
            }
        }
    });
    flood.await.unwrap();
    until("the node polls", async || deaf.polled() > before).await;
    let (looks, millis) = (deaf.polled() - before, begun.elapsed().as_millis());
    // One poll in 20 ms for as long as the flood took, and those at its ends.
    assert!(
        u128::from(looks) <= millis / 20 + 5,
        "{looks} looks in {millis} ms"
    );
    node.stop().await;
}
