//! Overrides one by one: adding, replacing and removing them

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Call, Requests as _, Server, boolean, text};

mod bulk;
mod limit;
mod lists;
mod patches;

fn path(rest: &str) -> String {
    format!("flags/a/overrides{rest}")
}

/// A server with the flag `a`, an object with three levels
async fn server() -> Server {
    let server = Server::new().await;
    let flag = json!({
        "type": "object", "enabled": true, "levels": ["user", "customer", "organization"],
        "variants": {"one": {"x": 1}, "two": {"x": 2}}, "offVariant": "one", "onVariant": "two", "serve": "one",
    });
    server.put("flags/a", flag).await.expect(201);
    server
}

fn put(server: &Server, rest: &str, value: impl Into<Value>) -> Call {
    let body = json!({"value": value.into()});
    server.put(&path(rest), body)
}

/// A bulk load of lines
fn load(server: &Server, query: &str, lines: &str) -> Call {
    server.post(&path(&format!("/bulk{query}")), lines)
}

/// The level and the context key of each override of a page
fn keys(answer: &Answer) -> Vec<String> {
    let key = |item: &Value| format!("{}/{}", text(item, "level"), text(item, "contextKey"));
    answer.items().iter().map(key).collect()
}

#[tokio::test]
async fn an_override_is_added_replaced_read_and_removed() {
    let server = server().await;
    let one = path("/customer/c%2F17?reason=they%20asked");
    let added = server
        .put(&one, json!({"value": "include"}))
        .token("editor")
        .await;
    let expected = json!({
        "flag": "a", "level": "customer", "contextKey": "c/17", "value": "include",
        "reason": "they asked", "createdAt": "2026-01-01T00:00:00.000Z", "createdBy": "editor", "updatedAt": "2026-01-01T00:00:00.000Z", "updatedBy": "editor",
    });
    assert_eq!(added.status, 201);
    assert_eq!(added.header("etag"), "\"2\"");
    assert_eq!(added.json(), expected);
    server.wait(1_000);
    let body = json!({"value": {"patch": {"x": 3}}, "reason": "another one"});
    let replaced = server
        .put(&path("/customer/c%2F17?reason=not%20this"), &body)
        .await
        .expect(200);
    assert_eq!(replaced.header("etag"), "\"3\"");
    let expected = json!({
        "flag": "a", "level": "customer", "contextKey": "c/17", "value": {"patch": {"x": 3}},
        "reason": "another one", "createdAt": "2026-01-01T00:00:00.000Z", "createdBy": "editor", "updatedAt": "2026-01-01T00:00:01.000Z", "updatedBy": "admin",
    });
    assert_eq!(replaced.json(), expected);
    let read = server.get(&path("/customer/c%2F17")).await;
    assert_eq!(read.text.clone(), replaced.text.clone());
    assert_eq!(read.header("etag").to_owned(), "\"3\"".to_owned());

    // The same override again is no change, and a response can be sent back.
    server.wait(1_000);
    let mut again = replaced.json();
    for name in ["level", "contextKey"] {
        again.as_object_mut().unwrap().remove(name);
    }
    let again = server
        .put(&path("/customer/c%2F17"), &again)
        .await
        .expect(200);
    assert_eq!(again.text, replaced.text);

    // The flag has the override, and without it is as it was.
    let flag = server.get("flags/a").await;
    assert_eq!(
        flag["overrides"],
        json!({"customer": {"c/17": {"patch": {"x": 3}}}})
    );
    assert_eq!(flag["version"], 3);
    server.delete(&path("/customer/c%2F17")).await.expect(204);
    let flag = server.get("flags/a").await;
    assert_eq!(flag["overrides"], Value::Null);
    assert_eq!(flag["version"], 4);
    for method in [Method::GET, Method::DELETE] {
        let answer = server
            .request(method, &path("/customer/c%2F17"))
            .await
            .expect(404);
        assert_eq!(answer["detail"], "override `customer/c/17` does not exist");
    }
}

#[tokio::test]
async fn an_invalid_override_is_refused_with_its_error() {
    let server = server().await;
    server.put_flag("plain", boolean("on")).await;
    let long = "x".repeat(256);
    let body = |value: Value| json!({ "value": value });
    for (flag, rest, body, pointer, message) in [
        (
            "a",
            "/team/t1",
            body(json!("include")),
            "/level",
            "unknown level `team`; expected one of `user`, `customer`, `organization`",
        ),
        (
            "a",
            &*format!("/user/{long}"),
            body(json!("include")),
            "/contextKey",
            "a context key has 1 to 255 characters",
        ),
        (
            "a",
            "/user/u%00",
            body(json!("include")),
            "/contextKey",
            "expected a context key without the character NUL",
        ),
        (
            "a",
            "/user/u1",
            body(json!("on")),
            "/value",
            "expected `\"include\"`, `\"exclude\"`, `{\"variant\": …}` or `{\"patch\": …}`",
        ),
        (
            "a",
            "/user/u1",
            body(json!({"variant": "three"})),
            "/value",
            "unknown variant `three`",
        ),
        (
            "a",
            "/user/u1",
            body(json!({"variant": "one", "patch": {}})),
            "/value",
            "expected `\"include\"`, `\"exclude\"`, `{\"variant\": …}` or `{\"patch\": …}`",
        ),
        (
            "plain",
            "/user/u1",
            body(json!({"patch": {}})),
            "/value",
            "a patch needs a flag of type `object`",
        ),
        (
            "a",
            "/user/u1",
            json!({}),
            "/value",
            "expected `\"include\"`, `\"exclude\"`, `{\"variant\": …}` or `{\"patch\": …}`",
        ),
        (
            "a",
            "/user/u1",
            json!({"value": "include", "reason": long.repeat(2)}),
            "/reason",
            "expected at most 500 characters, none of them NUL",
        ),
        (
            "a",
            "/user/u1",
            json!({"value": "include", "why": 1}),
            "/why",
            "unknown field",
        ),
        ("a", "/user/u1", json!([]), "", "expected an object"),
    ] {
        let path = format!("flags/{flag}/overrides{rest}");
        let answer = server.put(&path, &body).await.expect(422);
        let error = &answer["errors"][0];
        assert_eq!(error["pointer"], pointer, "{}", answer.text);
        assert!(
            error["message"].as_str().unwrap().starts_with(message),
            "{}",
            answer.text
        );
    }
    // 255 characters are allowed, however many bytes they have.
    let longest = "%C3%A9".repeat(255);
    put(&server, &format!("/user/{longest}"), "exclude")
        .await
        .expect(201);
    let nowhere = server
        .put("flags/b/overrides/user/u1", body(json!("include")))
        .await
        .expect(404);
    assert_eq!(nowhere["detail"], "flag `b` does not exist");
    server
        .put(&path("/user/u1"), body(json!("include")))
        .token("viewer")
        .await
        .expect(403);
    let revision = server.get("document").await["revision"].clone();
    assert_eq!(revision, 3);
}

#[tokio::test]
async fn overrides_of_a_broken_flag_may_be_removed_and_not_added() {
    let server = server().await;
    put(&server, "/user/u1", "include").await;
    let mut document = server.get("document").await.json();
    document["flags"]["a"]["needs"] = json!(99);
    server
        .put("document?invalid=keep", &document)
        .await
        .expect(200);
    let refused = put(&server, "/user/u2", "include").await;
    let error = &refused["errors"][0];
    assert_eq!(error["pointer"], "");
    assert_eq!(error["message"], "the flag `a` is broken");
    server.delete(&path("/user/u1")).await.expect(204);
}

#[tokio::test]
async fn if_match_is_optional_and_obeyed() {
    let server = server().await;
    let body = json!({"value": "include"});
    for (tag, status) in [("\"1\"", 201), ("\"1\"", 412), ("*", 200)] {
        server
            .put(&path("/user/u1"), &body)
            .header("if-match", tag)
            .await
            .expect(status);
    }
    let kept = server
        .delete(&path("/user/u1"))
        .if_match(1)
        .await
        .expect(412);
    assert_eq!(kept["currentVersion"], 2);
    let lines = "{\"level\": \"user\", \"contextKey\": \"u2\", \"value\": \"include\"}\n";
    load(&server, "", lines).if_match(1).await.expect(412);
}

#[tokio::test]
async fn a_patch_without_overrides_keeps_them_and_must_be_valid_with_them() {
    let server = server().await;
    put(&server, "/user/u1", json!({"variant": "two"})).await;
    put(&server, "/customer/c1", json!({"patch": {"x": 3}})).await;
    let overrides =
        json!({"user": {"u1": {"variant": "two"}}, "customer": {"c1": {"patch": {"x": 3}}}});
    let patch = async |body: Value| {
        let url = "flags/a";
        server.patch(url, &body).await
    };

    let off = patch(json!({"enabled": false})).await.expect(200);
    assert_eq!(off["enabled"], false);
    assert_eq!(off["overrides"], overrides);
    assert_eq!(off.text, server.get("flags/a").await.text);
    let document = server.get("document").await;
    assert_eq!(document["flags"]["a"]["overrides"], overrides);

    // The same errors as those of a patch that names the overrides without changing them.
    let without_two = json!({"variants": {"two": null}, "onVariant": "one", "offVariant": "one"});
    for (mut wrong, pointer) in [
        (without_two, "/overrides/user/u1"),
        (json!({"levels": ["user"]}), "/overrides/customer"),
        (json!({"unheardOf": 1}), "/unheardOf"),
    ] {
        let refused = patch(wrong.clone()).await.expect(422);
        let errors = refused["errors"].clone();
        assert_eq!(errors[0]["pointer"], pointer, "{errors}");
        wrong["overrides"] = json!({});
        assert_eq!(patch(wrong).await["errors"], errors);
    }
    assert_eq!(off.text, server.get("flags/a").await.text);

    let without = patch(json!({"overrides": null})).await;
    assert_eq!(without["overrides"], Value::Null);
}
