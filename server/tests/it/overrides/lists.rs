//! Lists of overrides

use serde_json::{Value, json};

use super::{keys, path, put, server};
use crate::support::{Answer, Requests as _, boolean, text};

#[tokio::test]
async fn overrides_are_listed_filtered_sorted_and_paged() {
    let server = server().await;
    for (rest, value) in [
        ("/user/Ann", json!("include")),
        ("/user/bob", json!("exclude")),
        ("/user/anton", json!({"variant": "two"})),
        ("/organization/acme", json!({"patch": {"x": 4}})),
        ("/customer/c1", json!({"variant": "one"})),
    ] {
        server.wait(1_000);
        put(&server, rest, value).await.expect(201);
    }
    let all = server.get(&path("")).await;
    let by_key = [
        "customer/c1",
        "organization/acme",
        "user/Ann",
        "user/anton",
        "user/bob",
    ];
    assert_eq!(keys(&all), by_key);
    assert_eq!(all["total"], 5);
    assert_eq!(all["next"], Value::Null);
    assert_eq!(all["items"][4]["updatedAt"], "2026-01-01T00:00:02.000Z");
    let by_time = [
        "user/Ann",
        "user/bob",
        "user/anton",
        "organization/acme",
        "customer/c1",
    ];

    for (query, expected) in [
        ("?level=user", vec!["user/Ann", "user/anton", "user/bob"]),
        ("?effect=variant", vec!["customer/c1", "user/anton"]),
        ("?effect=patch", vec!["organization/acme"]),
        ("?effect=include", vec!["user/Ann"]),
        ("?effect=exclude", vec!["user/bob"]),
        ("?search=AN", vec!["user/Ann", "user/anton"]),
        ("?search=an&effect=variant", vec!["user/anton"]),
        ("?level=team", vec![]),
        ("?search=an&sort=-updatedAt", vec!["user/anton", "user/Ann"]),
        (
            "?level=user&sort=-contextKey",
            vec!["user/bob", "user/anton", "user/Ann"],
        ),
    ] {
        let answer = server.get(&path(query)).await;
        assert_eq!(keys(&answer), expected, "{query}");
        assert_eq!(answer["total"], expected.len(), "{query}");
    }
    for (sort, expected) in [("contextKey", by_key), ("updatedAt", by_time)] {
        for is_descending in [false, true] {
            let sign = if is_descending { "-" } else { "" };
            let mut expected = expected.to_vec();
            if is_descending {
                expected.reverse();
            }
            let pages = server
                .pages(&path(&format!("?limit=2&sort={sign}{sort}")))
                .await;
            assert!(pages.iter().all(|page| page["total"] == 5));
            let seen: Vec<String> = pages.iter().flat_map(keys).collect();
            assert_eq!(seen, expected, "{sign}{sort}");
        }
    }
    for (query, pointer) in [
        ("?effect=off", "?effect"),
        ("?sort=level", "?sort"),
        ("?limit=0", "?limit"),
        ("?cursor=x", "?cursor"),
        ("?sort=updatedAt&cursor=%5B%22a%22%2C%22b%22%5D", "?cursor"),
    ] {
        server.get(&path(query)).await.expect_errors([pointer]);
    }
    server.get("flags/b/overrides").await.expect(404);
}

/// Overrides that are added and removed between two pages do not shift the others
#[tokio::test]
async fn pages_are_stable_while_overrides_change() {
    for sort in ["contextKey", "-contextKey", "updatedAt", "-updatedAt"] {
        let server = server().await;
        for number in 0..20 {
            server.wait(1_000);
            put(&server, &format!("/user/u{number:02}"), "include").await;
        }
        let first = path(&format!("?limit=5&sort={sort}"));
        let (mut seen, mut next) = (Vec::new(), Some(first.clone()));
        while let Some(at) = next {
            let page = server.get(&at).await;
            seen.extend(keys(&page));
            // The last of this page is deleted, and there is a new one before and after all.
            let last = seen.last().unwrap();
            server.delete(&path(&format!("/{last}"))).await.expect(204);
            for name in ["a", "z"] {
                let path = format!("/user/{name}{}", seen.len());
                put(&server, &path, "include").await.expect(201);
            }
            next = page.next_path(&first);
        }
        let mut expected: Vec<String> =
            (0..20).map(|number| format!("user/u{number:02}")).collect();
        if sort.starts_with('-') {
            expected.reverse();
        }
        seen.retain(|key| key.starts_with("user/u"));
        assert_eq!(seen, expected, "{sort}");
    }
}

#[tokio::test]
async fn overrides_of_one_context_are_listed_over_all_flags() {
    let server = server().await;
    for flag in ["b", "c"] {
        let body = json!({"type": "boolean", "enabled": true, "serve": "on",
            "overrides": {"user": {"u1": "exclude", "u2": "exclude"}, "organization": {"u1": "include"}}});
        server.put_flag(flag, &body).await;
    }
    put(&server, "/customer/u1", json!({"variant": "two"})).await;
    let list = |query: &str| format!("overrides?{query}");
    let flags = |answer: &Answer| -> Vec<String> {
        let flag = |item: &Value| format!("{}/{}", text(item, "flag"), text(item, "level"));
        answer.items().iter().map(flag).collect()
    };
    let all = server.get(&list("contextKey=u1")).await;
    let expected = [
        "a/customer",
        "b/organization",
        "b/user",
        "c/organization",
        "c/user",
    ];
    assert_eq!(flags(&all), expected);
    assert_eq!(all["total"], 5);
    assert_eq!(
        all["items"][2],
        json!({"flag": "b", "level": "user", "contextKey": "u1", "value": "exclude", "reason": null,
            "createdAt": "2026-01-01T00:00:00.000Z", "createdBy": "admin", "updatedAt": "2026-01-01T00:00:00.000Z", "updatedBy": "admin"})
    );
    let users = server.get(&list("contextKey=u1&level=user")).await;
    assert_eq!(flags(&users), ["b/user", "c/user"]);
    let pages = server.pages(&list("contextKey=u1&limit=3")).await;
    assert_eq!(flags(&pages[0]), expected[..3]);
    assert_eq!(flags(&pages[1]), expected[3..]);
    assert_eq!(server.get(&list("contextKey=nobody")).await["total"], 0);
    server
        .get(&list("level=user"))
        .await
        .expect_errors(["?contextKey"]);

    // Overrides are deleted with their flag.
    server.delete("flags/b").await;
    let rest = server.get(&list("contextKey=u1")).await;
    assert_eq!(flags(&rest), ["a/customer", "c/organization", "c/user"]);
    server.put_flag("b", boolean("on")).await;
    assert_eq!(server.get("flags/b/overrides").await["total"], 0);
}
