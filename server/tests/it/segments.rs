//! Segments, groups and holdouts, and the ids in the lists of segments

use serde_json::{Value, json};

use crate::support::{Database, Live, Requests as _, Server, boolean, column};

/// A flag that the segment `beta` switches on, in the experiment of a group and a holdout
fn flag() -> Value {
    json!({
        "type": "boolean", "enabled": true,
        "rules": [{"id": "staff", "when": {"not": {"segment": "beta"}}, "serve": "off"}],
        "serve": {
            "arms": [{"variant": "on", "weight": 50_000}, {"variant": "off", "weight": 50_000}],
            "experiment": {"key": "e", "group": "g", "slice": [[0, 30_000]], "holdout": "h"},
        },
    })
}

#[tokio::test]
async fn they_are_created_read_listed_replaced_patched_and_deleted() {
    let server = Server::new().await;
    for (section, kind, new, patch) in [
        (
            "segments",
            "segment",
            json!({"when": {"attribute": "country", "op": "equals", "value": "se"}}),
            json!({"description": "Sweden"}),
        ),
        (
            "groups",
            "group",
            json!({"unit": "organization"}),
            json!({"unit": "user"}),
        ),
        (
            "holdouts",
            "holdout",
            json!({"percent": 5}),
            json!({"percent": 10}),
        ),
    ] {
        let path = format!("{section}/a");
        server.get(&path).await.expect_problem(404, "not-found");
        let mut body = new.clone();
        body["key"] = json!("a");
        let made = server.post(section, &body).await.expect(201);
        assert!(
            made.header("location")
                .ends_with(&format!("/production/{path}"))
        );
        server
            .post(section, &body)
            .await
            .expect_problem(409, "exists");
        let read = server.get(&path).await.expect(200);
        let version = read["version"].as_u64().unwrap();
        assert_eq!(read.header("etag"), format!("\"{version}\""));
        assert_eq!((&read["key"], &read["usedBy"]), (&json!("a"), &json!([])));
        // What was read can be sent back, and then changes nothing.
        let same = server.put(&path, read.text.as_str()).await.expect(200);
        assert_eq!(same["version"], version);
        let patched = server
            .patch(&path, &patch)
            .if_match(version)
            .await
            .expect(200);
        for (name, value) in patch.as_object().unwrap() {
            assert_eq!(patched[name.as_str()], *value);
        }
        server
            .patch(&path, &patch)
            .if_match(version)
            .await
            .expect_problem(412, "stale");
        let wrong = server
            .put(&path, json!({"wen": {}}))
            .await
            .expect_problem(422, "invalid");
        wrong.expect_errors(["/wen"]);
        let other = server.put(&path, json!({"key": "b"})).await;
        other.expect_problem(422, "invalid").expect_errors(["/key"]);
        server.put(&format!("{section}/b"), &new).await.expect(201);
        let listed = server.get(&format!("{section}?sort=-key&limit=1")).await;
        assert_eq!(
            (column(listed.items(), "key"), &listed["total"]),
            (vec!["b"], &json!(2))
        );
        let found = server.get(&format!("{section}?search=A")).await;
        assert_eq!(column(found.items(), "key"), ["a"]);
        server.delete(&format!("{section}/b")).await.expect(204);
        server
            .delete(&format!("{section}/b"))
            .await
            .expect_problem(404, "not-found");
        let rows = server.audit(&format!("?kind={kind}")).await;
        assert_eq!(
            column(&rows, "action"),
            ["delete", "create", "update", "create"]
        );
    }
    for path in ["groups/a", "holdouts/a"] {
        assert_eq!(
            server.get(path).await["salt"],
            "a",
            "alike in all environments"
        );
        let moved = server.patch(path, json!({"salt": "other"})).await;
        moved
            .expect_problem(422, "invalid")
            .expect_errors(["/salt"]);
    }
    let broken = json!({"when": {"attribute": "a", "op": "matches", "value": "("}});
    let broken = server
        .put("segments/a", broken)
        .await
        .expect_problem(422, "invalid");
    broken.expect_errors(["/when/value"]);
}

#[tokio::test]
async fn what_is_used_is_not_deleted_and_tells_where_it_is_used() {
    let server = Server::new().await;
    server
        .put("segments/beta", json!({"include": {"user": ["u-1"]}}))
        .await
        .expect(201);
    server
        .put("segments/all", json!({"when": {"segment": "beta"}}))
        .await
        .expect(201);
    server.put("groups/g", json!({})).await.expect(201);
    server
        .put("holdouts/h", json!({"percent": 5}))
        .await
        .expect(201);
    server.put_flag("f", flag()).await.expect(201);
    for (path, places) in [
        (
            "segments/beta",
            &[
                "/flags/f/rules/0/when/not/segment",
                "/segments/all/when/segment",
            ][..],
        ),
        ("groups/g", &["/flags/f/serve/experiment/group"]),
        ("holdouts/h", &["/flags/f/serve/experiment/holdout"]),
    ] {
        let refused = server.delete(path).await.expect_problem(409, "in-use");
        assert_eq!(
            column(refused["errors"].as_array().unwrap(), "pointer"),
            places
        );
        let read = server.get(path).await;
        assert_eq!(
            column(read["usedBy"].as_array().unwrap(), "pointer"),
            places
        );
    }
    server
        .put("flags/f", boolean("on"))
        .if_match(5)
        .await
        .expect(200);
    server.delete("segments/all").await.expect(204);
    for path in ["segments/beta", "groups/g", "holdouts/h"] {
        server.delete(path).await.expect(204);
    }
    let viewer = json!({"role": "viewer", "name": "v"});
    let viewer = server.post("/api/v1/projects/default/tokens", viewer).await;
    let viewer = viewer["token"].as_str().unwrap();
    server.get("segments").token(viewer).await.expect(200);
    server
        .put("segments/a", json!({}))
        .token(viewer)
        .await
        .expect(403);
}

#[tokio::test]
async fn ids_are_added_listed_loaded_and_removed() {
    let database = Database::new();
    let server = Live::start(&database).await;
    let include = json!({"user": ["u-1"]});
    server
        .put(
            "segments/s",
            json!({"include": include, "exclude": {"org": ["o"]}}),
        )
        .await
        .expect(201);
    server
        .put("segments/s/ids/include/user/u-2", ())
        .await
        .expect(201);
    server
        .put("segments/s/ids/include/user/u-2", ())
        .await
        .expect(200);
    server
        .put("segments/s/ids/exclude/user/a%2Fb", ())
        .await
        .expect(201);
    server
        .delete("segments/s/ids/exclude/org/o")
        .await
        .expect(204);
    server
        .delete("segments/s/ids/exclude/org/o")
        .await
        .expect_problem(404, "not-found");
    for path in [
        "maybe/user/a",
        "include/%2Fsalt%2Fuser/a",
        "include/user/%00",
    ] {
        let refused = server.put(&format!("segments/s/ids/{path}"), ()).await;
        refused.expect_problem(422, "invalid");
    }
    server
        .put("segments/none/ids/include/user/a", ())
        .await
        .expect_problem(404, "not-found");
    let lines: Vec<String> = (0..1_000)
        .map(|user| format!("\"load-{user:04}\"\n"))
        .collect();
    let lines = lines.concat();
    let load = "segments/s/ids/bulk?kind=user";
    let preview = server
        .post(&format!("{load}&dryRun=true"), &lines)
        .await
        .expect(200);
    let loaded = server.post(load, &lines).await.expect(200);
    for (answer, is_dry) in [(&preview, true), (&loaded, false)] {
        let counts = [&answer["lines"], &answer["added"], &answer["removed"]];
        assert_eq!(counts, [1_000, 1_000, 0]);
        assert_eq!(answer["dryRun"], is_dry);
    }
    let counts = json!({"include": {"user": 1_002}, "exclude": {"user": 1}});
    let read = server.get("segments/s").await;
    assert_eq!(
        (&read["counts"], read["include"].is_null()),
        (&counts, true)
    );
    assert_eq!(read["version"], loaded["revision"]);
    // A change of the segment leaves its lists alone.
    let changed = server
        .patch("segments/s", json!({"description": "d"}))
        .await
        .expect(200);
    assert_eq!(changed["counts"], counts);

    let pages = server.pages("segments/s/ids?limit=200&search=LOAD").await;
    let ids: Vec<&str> = pages
        .iter()
        .flat_map(|page| column(page.items(), "id"))
        .collect();
    assert_eq!(
        (ids.len(), ids[0], ids[999]),
        (1_000, "load-0000", "load-0999")
    );
    assert!(ids.is_sorted() && pages[0]["total"] == 1_000);
    let excluded = server.get("segments/s/ids?list=exclude").await;
    let expected = json!({"list": "exclude", "kind": "user", "id": "a/b"});
    assert_eq!(*excluded.items(), vec![expected]);
    let pages = server.pages("segments/s/ids?limit=170").await;
    let items: usize = pages.iter().map(|page| page.items().len()).sum();
    assert_eq!(items, 1_003, "pages go over the ends of lists");

    let body = "{\"id\": \"load-0000\", \"list\": \"include\"}\n";
    let removed = server.post(&format!("{load}&mode=remove"), body).await;
    assert_eq!(
        (&removed["added"], &removed["removed"]),
        (&json!(0), &json!(1))
    );
    let replaced = server
        .post(
            &format!("{load}&list=include&mode=replace"),
            "\"u-1\"\n\"n\"",
        )
        .await;
    assert_eq!(
        (&replaced["added"], &replaced["removed"]),
        (&json!(1), &json!(1_000))
    );
    let wrong = "\"ok\"\n7\n{\"id\": \"\"}\n{\"id\": \"a\", \"list\": \"b\"}\n{";
    let refused = server
        .post(load, wrong)
        .await
        .expect_problem(422, "invalid");
    let errors = refused["errors"].as_array().unwrap();
    let lines: Vec<_> = errors
        .iter()
        .map(|error| error["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [2, 3, 4, 5], "{}", refused.text);
    let key = json!({"kind": "server", "name": "s"});
    let key = server.post("keys", key).await["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let document = server.snapshot(&key).await;
    let expected = json!({"user": ["n", "u-1"]});
    assert_eq!(document["segments"]["s"]["include"], expected);
}
