//! What somebody can do who is let into Redis and is no node

use std::collections::HashMap;

use super::*;

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
fn refusal(database: &str, cache: &Cache, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flagstaff"));
    let redis = ["--redis", &cache.address, "--database", database];
    command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(redis);
    let output = command.args(arguments).env_clear().output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{stderr}");
    assert!(stderr.contains("cannot open the database"), "{stderr}");
    stderr
}

/// The keys as a node of an earlier release wrote them, with an admin of somebody else's
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
async fn no_copy_is_believed_that_no_node_has_written() {
    let (cluster, cache) = (Cluster::start(), Cache::start());
    let database = cluster.database().await;
    let first = node(&database, &cache);
    on(&first, "a").await;
    cache.until_copied(1).await;
    let before = read(&cache);
    on(&first, "b").await;
    let tokens = format!("{}/api/v1/projects/default/tokens", first.address);
    let token = json!({"role": "viewer", "name": "one more"}).to_string();
    let made = crate::support::http()
        .post(tokens)
        .bearer_auth(ADMIN)
        .body(token);
    assert_eq!(made.send().await.unwrap().status(), 201);
    cache.until_copied(2).await;
    let wait = async {
        // As of the new token, and vouched for.
        while read(&cache)["version:access"] == before["version:access"] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let (access, voucher) = (
            read(&cache)["access"].clone(),
            read(&cache)["voucher"].clone(),
        );
        while read(&cache)["voucher"] == voucher {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(read(&cache)["access"], access);
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
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
        // An older one, of which everything is genuine.
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
        let stderr = refusal(&database, &cache, &keys);
        assert!(stderr.contains(expected), "{expected}: {stderr}");
    }
    // What a node of an earlier release wrote is looked at by none.
    let old = name.replace("encrypted-copy", "copy");
    let current_at = ("current-at".to_owned(), b"1".to_vec());
    write(
        &cache,
        &old,
        &Fields::from([("access".to_owned(), plain_access()), current_at]),
    );
    write(&cache, &name, &genuine);
    let stderr = refusal(&database, &cache, &[]);
    let expected = "without `--encryption-keys` no copy is kept, and none is believed";
    assert!(stderr.contains(expected), "{stderr}");
    let another = ["--encryption-keys", "another-encryption-key-of-these-tests"];
    let stderr = refusal(&database, &cache, &another);
    assert!(
        stderr.contains("it is encrypted with the encryption key of id"),
        "{stderr}"
    );

    let second = node(&database, &cache);
    assert_eq!(document(&second).await["revision"], 2);
    let intruder = second.get(crate::support::FLAGS, "intruder").await.0;
    assert_eq!(intruder, StatusCode::UNAUTHORIZED);
    second.stop();
}

#[tokio::test]
async fn a_forged_version_does_not_keep_the_copy_from_being_kept_up() {
    let cache = Cache::start();
    let database = Cluster::shared().database().await;
    let first = node(&database, &cache);
    on(&first, "a").await;
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
async fn encryption_keys_are_exchanged_without_a_gap() {
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
    on(&first, "a").await;
    cache.until_copied(1).await;
    let old = revision(&read(&cache));
    let second = start(&new_first);
    on(&second, "b").await;
    cache.until_copied(2).await;
    first.stop();
    // Whoever has only the new one writes anew what it cannot read.
    second.stop();
    let third = start(new);
    let wait = async {
        let is_old = |text: &Vec<u8>| text.starts_with(old.as_deref().unwrap());
        while read(&cache).values().any(is_old) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
    cluster.crash();
    third.kill();
    let fourth = start(new);
    assert_eq!(document(&fourth).await["revision"], 2);
    fourth.stop();
}

#[tokio::test]
async fn a_forged_rate_leaves_an_account_its_share_of_each_node() {
    let cache = Cache::start();
    let limits = Limits {
        rates: Rates {
            key: 10,
            ..Rates::default()
        },
        ..Limits::default()
    };
    let server = Server::with(limits).await;
    tokio::spawn(keep(Arc::new(redis(&cache)), server.state.clone()));
    let ask = async || {
        let (path, body) = ("/ofrep/v1/evaluate/flags", json!({}));
        let answer = server.call(KeyKind::Client, Method::POST, path, &body, &[]);
        answer.await.status == StatusCode::OK
    };
    let accounts = || -> Vec<String> {
        cache
            .connect()
            .keys("flagstaff:*:rate:evaluation:*")
            .unwrap()
    };
    let until_counted = async {
        while accounts().is_empty() {
            ask().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, until_counted).await.unwrap();
    // As if others had used it up for the next thousands of years: so it is asked for no more, and shared no more, but once a second.
    let mut served = 0;
    for _ in 0..30 {
        for account in accounts() {
            let () = cache.connect().set(account, "1e18").unwrap();
        }
        server.clock.fetch_add(1_000, Ordering::Relaxed);
        while ask().await {
            served += 1;
            assert!(served < 1_000, "it has a limit yet");
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert!(
        served >= 25,
        "one a second is a tenth, {served} were served in 30"
    );
    // And when nobody forges any longer it is believed for ten seconds.
    for account in accounts() {
        let () = cache.connect().del(account).unwrap();
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.clock.fetch_add(11_000, Ordering::Relaxed);
    let mut served = 0;
    while ask().await {
        served += 1;
    }
    assert!(served >= 50, "{served}");
}

#[tokio::test]
async fn a_flood_of_announcements_is_few_looks_at_the_store() {
    let cache = Cache::start();
    let database = Database::postgres(Cluster::shared()).await;
    let never = Limits {
        poll: Duration::from_hours(1),
        ..Limits::default()
    };
    let deaf = Arc::new(Deaf::new(database.open().await));
    crate::support::keys(&*deaf).await;
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
    let subscribed = async {
        while channels().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, subscribed).await.unwrap();
    let channel = channels().remove(0);
    let (before, begun) = (deaf.looked(), std::time::Instant::now());
    let flood = tokio::task::spawn_blocking({
        let mut connection = cache.connect();
        move || {
            for _ in 0..20_000 {
                let () = connection.publish(&channel, "x".repeat(100)).unwrap();
            }
        }
    });
    flood.await.unwrap();
    let heard = async {
        while deaf.looked() == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.unwrap();
    let (looks, millis) = (deaf.looked() - before, begun.elapsed().as_millis());
    // One in 20 ms, however long the flood took, and those at its ends.
    assert!(
        u128::from(looks) <= millis / 20 + 5,
        "{looks} looks in {millis} ms"
    );
    node.stop().await;
}
