//! Documents: export and import as JSON and YAML, replacing and merging, and dry runs

use serde_json::json;

use crate::support::{ADMIN, Answer, Process, Requests as _, Server, boolean, on};

const YAML: &str = "\
schemaVersion: 1
flags:
  no:
    type: string
    enabled: true
    variants: {on: \"yes\", off: 1_0}
    offVariant: off
    serve: on
    overrides: {user: {no: exclude}}
";

async fn put(server: &Server, query: &str, media: &str, text: &str) -> Answer {
    let request = server.put(&format!("document{query}"), text);
    request.header("content-type", media).await
}

#[tokio::test]
async fn a_document_is_exported_and_imported_as_yaml() {
    let server = Server::new().await;
    put(&server, "", "application/yaml; charset=utf-8", YAML)
        .await
        .expect(200);
    let flag = server.get("flags/no").await;
    assert_eq!(flag["variants"], json!({"on": "yes", "off": "1_0"}));
    assert_eq!(flag["serve"], "on");
    let exported = server
        .get("document")
        .token("viewer")
        .header("accept", "application/yaml")
        .await;
    assert_eq!(exported.header("content-type"), "application/yaml");
    let json = server.get("document").await;
    assert_eq!(json.header("content-type"), "application/json");
    let back = put(&server, "?dryRun=true", "application/yaml", &exported.text).await;
    assert_eq!(back["changes"], json!([]), "{}", exported.text);

    put(&server, "", "application/yaml", "flags: [")
        .await
        .expect(400);
    put(&server, "", "application/json", YAML).await.expect(400);
}

#[tokio::test]
async fn a_document_is_replaced_only_if_it_has_not_changed_since_it_was_read() {
    let server = Server::new().await;
    server.put_flag("a", on()).await;
    let read = async |media: &str| {
        let answer = server
            .get("document")
            .token("viewer")
            .header("accept", media)
            .await;
        let tag = answer.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "strong: {tag}");
        tag
    };
    let (json, yaml) = (
        read("application/json").await,
        read("application/yaml").await,
    );
    // A strong ETag names bytes, and these differ.
    assert_ne!(json, yaml);
    let document = json!({"schemaVersion": 1, "flags": {"b": {"type": "boolean", "enabled": true, "serve": "on"}}});
    let replace = async |query: &str, tag: &str| {
        let path = format!("document{query}");
        server.put(&path, &document).header("if-match", tag).await
    };
    let other = format!("\"{}\", {yaml}", "0".repeat(16));
    for tag in [&*json, &*yaml, "*", &*other] {
        replace("?dryRun=true", tag).await.expect(200);
    }
    // Another write in the meantime.
    server.put_flag("c", on()).await;
    let weak = format!("W/{}", read("application/json").await);
    for tag in [&*json, &*yaml, &*weak, "\"2\"", ""] {
        for query in ["", "?dryRun=true", "?mode=merge"] {
            let refused = replace(query, tag).await;
            let refused = refused.expect_problem(412, "stale");
            assert_eq!(refused["currentVersion"], 2);
        }
    }
    assert_eq!(server.get("document").await["revision"], 2);
    let done = replace("", &read("application/yaml").await).await;
    assert_eq!(done["revision"], 3, "{}", done.text);
}

#[tokio::test]
async fn of_two_replacements_of_one_state_one_succeeds() {
    let server = Server::new().await;
    let tag = server.get("document").await.header("etag").to_owned();
    let replace = async |key: &str| {
        let flag = boolean("on");
        let document = json!({"schemaVersion": 1, "flags": {key: flag}});
        let answer = server
            .put("document", &document)
            .header("if-match", &tag)
            .await;
        answer.status
    };
    let (one, other) = tokio::join!(replace("a"), replace("b"));
    let mut statuses = [one, other];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[tokio::test]
async fn a_dry_run_returns_the_changes_and_stores_nothing() {
    let server = Server::new().await;
    server.put_flag("a", on()).await;
    server.put_flag("b", on()).await;
    let document = json!({"schemaVersion": 1, "flags": {
        "a": {"type": "boolean", "enabled": false, "serve": {"variant": "on", "rollout": 100}, "salt": "a"},
        "c": {"type": "boolean", "enabled": true, "serve": "on"},
    }}).to_string();
    let changes = async |query: &str| {
        let preview = put(&server, query, "application/json", &document)
            .await
            .expect(200);
        let changes = preview["changes"].as_array().unwrap().clone();
        changes
            .iter()
            .map(|it| {
                format!(
                    "{} {}",
                    it["kind"].as_str().unwrap(),
                    it["pointer"].as_str().unwrap()
                )
            })
            .collect::<Vec<_>>()
    };
    let merged = ["changed /flags/a/enabled", "added /flags/c"];
    let replaced = [
        "changed /flags/a/enabled",
        "removed /flags/b",
        "added /flags/c",
    ];
    assert_eq!(changes("?dryRun=true&mode=merge").await, merged);
    assert_eq!(changes("?dryRun=true").await, replaced);
    assert_eq!(server.get("document").await["revision"], 2);

    let merged = put(
        &server,
        "?mode=merge&reason=import",
        "application/json",
        &document,
    )
    .await;
    assert_eq!(merged["revision"], 3, "{}", merged.text);
    assert_eq!(server.get("flags?limit=1").await["total"], 3);
    let audit = server.audit("?limit=1").await;
    assert_eq!(audit[0]["reason"], "import");
}

#[tokio::test]
async fn a_merged_flag_may_refer_to_stored_segments_and_to_no_unknown_ones() {
    let server = Server::new().await;
    let segment =
        json!({"schemaVersion": 1, "segments": {"beta": {"include": {"user": ["u"]}}}}).to_string();
    put(&server, "", "application/json", &segment)
        .await
        .expect(200);
    let flag = |segment: &str| {
        let rule = json!({"when": {"segment": segment}, "serve": "on"});
        json!({"schemaVersion": 1, "flags": {"a": {"type": "boolean", "enabled": true, "serve": "off", "rules": [rule]}}}).to_string()
    };
    put(&server, "?mode=merge", "application/json", &flag("beta"))
        .await
        .expect(200);
    for query in ["?mode=merge", "?mode=merge&dryRun=true"] {
        put(&server, query, "application/json", &flag("gamma"))
            .await
            .expect_errors(["/flags/a/rules/0/when/segment"]);
        let unknown = json!({"schemaVersion": 1, "flags": {"b": {"type": "boolean", "enabled": true, "serve": "on", "colour": 1}}}).to_string();
        put(&server, query, "application/json", &unknown)
            .await
            .expect_errors(["/flags/b/colour"]);
    }
}

#[tokio::test]
async fn a_document_replaces_an_environment_in_one_revision() {
    let server = Server::new().await;
    server.put_flag("old", boolean("on")).await;
    let document = json!({"schemaVersion": 1, "flags": {
        "new": {"type": "boolean", "enabled": true, "serve": "on", "overrides": {"user": {"u1": "exclude"}}},
        "more": boolean("on"),
    }});
    let replaced = server.put("document", &document).await.expect(200);
    assert_eq!(replaced.json(), json!({"revision": 2, "issues": []}));
    let exported = server.get("document").await.json();
    assert_eq!(
        exported["flags"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["more", "new"]
    );
    assert_eq!(
        exported["flags"]["new"]["overrides"],
        json!({"user": {"u1": "exclude"}})
    );
    assert_eq!(exported["revision"], 2);
    assert_eq!(exported["environment"], "production");
    // Importing what was exported changes nothing.
    assert_eq!(server.put("document", &exported).await["revision"], 2);
    let actions = server.get("/api/v1/projects/default/audit").await;
    assert_eq!(actions.items().len(), 4);
}

#[tokio::test]
async fn a_broken_flag_in_a_document_is_refused_unless_invalid_flags_are_kept() {
    let server = Server::new().await;
    let document = json!({"schemaVersion": 1, "flags": {"good": boolean("on"), "bad": {"type": "boolean", "enabled": true, "serve": "maybe"}, "future": {"needs": 9}}});
    let refused = server.put("document", &document).await.expect(422);
    assert!(
        refused
            .pointers()
            .iter()
            .any(|pointer| pointer.starts_with("/flags/bad/")),
        "{}",
        refused.text
    );
    let kept = server
        .put("document?invalid=keep", &document)
        .await
        .expect(200);
    assert!(
        kept["issues"].as_array().unwrap().len() >= 2,
        "{}",
        kept.text
    );
    let ask = |flag| json!({"flag": flag, "type": "boolean", "default": true, "context": {}});
    let outcome = server
        .post("/api/v1/evaluate", ask("bad"))
        .token("server")
        .await;
    assert_eq!(outcome["errorCode"], "PARSE_ERROR");
    assert_eq!(outcome["value"], true);
    let outcome = server
        .post("/api/v1/evaluate", ask("good"))
        .token("server")
        .await;
    assert_eq!(outcome["variant"], "on");
    assert_eq!(server.get("document").await["flags"]["future"]["needs"], 9);
    // Broken flags do not prevent other changes.
    server.put_flag("more", boolean("on")).await.expect(201);
    for wrong in [
        json!([]),
        json!({"flags": {}}),
        json!({"schemaVersion": 2, "flags": {}}),
        json!({"schemaVersion": 1, "flags": []}),
    ] {
        server
            .put("document?invalid=keep", &wrong)
            .await
            .expect(422);
    }
}

#[tokio::test]
async fn invalid_flags_are_stored_as_they_were_written() {
    let server = Server::new().await;
    let flags = json!({
        "a b": {"type": "boolean", "enabled": true, "serve": "on", "salt": "s", "needs": 1},
        "empty-list": {"type": "boolean", "enabled": true, "serve": "on", "salt": "s", "needs": 1, "overrides": {"nobody": {}}},
        "odd-needs": {"type": "boolean", "enabled": true, "serve": "on", "salt": "s", "needs": "much"},
    });
    let document = json!({"schemaVersion": 1, "flags": flags});
    server.put("document", &document).await.expect(422);
    let kept = server.put("document?invalid=keep", &document).await;
    assert_eq!(kept["issues"].as_array().unwrap().len(), 3, "{}", kept.text);
    assert_eq!(server.get("document").await["flags"], flags);
}

/// 100 MB and seven times its size: a document of 60 MB takes less than 600 MB, which one of a fifth shows in a fifth of the time
#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_for_a_document_is_bounded_by_its_size() {
    const FLAGS: usize = 800;
    let text = "x".repeat(13_000);
    let flag = json!({
        "type": "string", "enabled": true, "variants": {"long": text, "off": ""}, "offVariant": "off", "serve": "off",
        "rules": (0..4).map(|number| json!({
            "id": format!("r{number}"), "description": "d".repeat(200),
            "when": {"attribute": "country", "op": "in", "values": [format!("c{number}"), "se", "dk"]},
            "serve": {"variant": "long", "rollout": 10},
        })).collect::<Vec<_>>(),
    });
    let flags = (0..FLAGS).map(|number| (format!("flag-{number}"), flag.clone()));
    let flags: serde_json::Map<_, _> = flags.collect();
    let document = json!({"schemaVersion": 1, "flags": flags}).to_string();
    let size = u64::try_from(document.len()).unwrap() / 1_000_000;
    assert_eq!(size, 11);
    let start = || {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::start(folder.path(), &["--admin-token", ADMIN]);
        let limit = process.resident_megabytes() + 100 + 7 * size;
        (folder, process, limit)
    };
    let (_folder, process, limit) = start();
    let preview = process.put("document?dryRun=true", document.clone()).await;
    let changes = preview.expect(200)["changes"].as_array().unwrap().len();
    assert_eq!(changes, FLAGS);
    let peak = process.peak_megabytes();
    assert!(peak < limit, "dry run: {peak} MB of {limit}");
    process.stop();
    let (folder, process, limit) = start();
    process.put("document", document).await.expect(200);
    let peak = process.peak_megabytes();
    assert!(peak < limit, "write: {peak} MB of {limit}");
    process.stop();
    let process = Process::start(folder.path(), &["--admin-token", ADMIN]);
    process.get("document").await.expect(200);
    let patch = json!({"op": "patch", "key": "flag-1", "value": {"enabled": false}});
    let changeset = json!({"operations": [patch]});
    process.post("changesets", changeset).await.expect(200);
    let peak = process.peak_megabytes();
    assert!(peak < limit, "read and changeset: {peak} MB of {limit}");
    process.stop();
}
