//! The `OpenAPI` document: the descriptions of the routes, and what all of them have in common
//!
//! A handler is annotated with what is specific to it (`#[utoipa::path]`); [`complete`] adds what follows from its path and input, so that
//! it is written once. [`language`] contributes the schemas of the language's specification.

use serde::ser::Error as _;
use serde_json::{Map, Value as Json, json};
use utoipa::openapi::OpenApi;

mod complete;
mod language;
mod routes;

pub(crate) use complete::Audience;
pub(crate) use language::{
    AuditRecord, ContextBody, Difference, Document, DocumentIssue, Evaluation, Flag, FlagBody,
    FlagPatch, Group, GroupBody, Holdout, HoldoutBody, LanguageKey, LanguageOverride, NewFlag,
    NewGroup, NewHoldout, NewSegment, Segment, SegmentBody, ServeMoves,
};
pub(crate) use routes::Routes;

/// The groups of operations, in the order of the page
const TAGS: [(&str, &str); 12] = [
    ("projects", "Projects and their environments"),
    (
        "flags",
        "The flags of an environment: read, written, compared and copied",
    ),
    (
        "overrides",
        "What single contexts get: the overrides of a flag one by one",
    ),
    (
        "segments",
        "What flags refer to: segments with their lists of ids, exclusion groups and holdouts",
    ),
    ("history", "Versions of a flag, and rollback"),
    (
        "usage",
        "How often each flag is evaluated, and evaluated flags that do not exist",
    ),
    ("audit", "Who changed what, when and why"),
    (
        "access",
        "Keys of programs and tokens of people: create, rotate and revoke them; signing in to the admin UI",
    ),
    ("evaluation", "Evaluation by the server"),
    (
        "ofrep",
        "The OpenFeature Remote Evaluation Protocol 0.3, for OpenFeature's own clients",
    ),
    ("sdk", "What SDKs follow: streams and snapshots"),
    (
        "operation",
        "Health, metrics, and this document, without a key",
    ),
];

const DESCRIPTION: &str = "\
Feature flags: administration, evaluation, and what SDKs follow.

- **Who**: `Authorization: Bearer TOKEN` or `X-API-Key: TOKEN`. A *token* has a role in a project, a *key* is of a program and reads one \
environment; the security requirements of each operation name the kinds of which one is needed.
- **Errors** are `application/problem+json` (RFC 9457); `type` is for programs, and `errors` says what is wrong at which place: a JSON \
pointer into the body, or `?name` for a parameter of the query. A method that a path does not know is answered 405.
- **Lists** come in pages: `limit`, and as `cursor` the `next` of the page before.
- **Writes** take a `reason` for the audit; a flag's `ETag` in `If-Match` keeps two writers from undoing each other.
- **Times** are RFC 3339. Every answer has an `x-request-id`, the caller's own if it sent one.";

/// The descriptions of routes, and their audience
pub(crate) struct Described {
    /// The operations
    document: OpenApi,
    /// The schemas of the types that they name
    schemas: Vec<routes::NamedSchema>,
    /// The audience
    audience: Audience,
}

/// The whole document; an error if two types have the same name
pub(crate) fn document(groups: Vec<Described>) -> Result<Json, serde_json::Error> {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for group in groups {
        for (name, schema) in group.schemas {
            add(&mut schemas, name, serde_json::to_value(schema)?)?;
        }
        let mut document = serde_json::to_value(group.document)?;
        if let Some(Json::Object(own)) = document.pointer_mut("/paths") {
            complete::complete(own, group.audience);
            paths.append(own);
        }
    }
    for (name, schema) in language::schemas()?.into_iter().chain(complete::schemas()?) {
        add(&mut schemas, name, schema)?;
    }
    let tags = TAGS.map(|(name, description)| json!({"name": name, "description": description}));
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Flagstaff",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": env!("CARGO_PKG_LICENSE")},
        },
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": complete::responses(),
            "parameters": complete::parameters(),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token or key; requirements name the kinds of which one is needed",
                },
                "apiKey": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-API-Key",
                    "description": "The same, where something else uses `Authorization`",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-flagstaff_session",
                    "description": "Of somebody who is signed in to the admin UI; without https `flagstaff_session`, below a path `__Secure-flagstaff_session`. What changes something must come \
    from a page of the server itself, which `Sec-Fetch-Site` or `Origin` says",
                },
            },
        },
    }))
}

/// Adds a schema, unless it exists
fn add(schemas: &mut Map<String, Json>, name: String, schema: Json) -> serde_json::Result<()> {
    // The stand-in for a schema that is written in JSON only refers to it.
    if schema == json!({"$ref": format!("#/components/schemas/{name}")}) {
        return Ok(());
    }
    match schemas.get(&name) {
        Some(other) if *other != schema => Err(serde_json::Error::custom(format!(
            "two types are called {name}: give one another name by `#[schema(as = …)]`"
        ))),
        _ => {
            schemas.insert(name, schema);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use utoipa::ToSchema;
    use utoipa_axum::routes;

    use super::*;

    mod one {
        use super::*;

        #[derive(ToSchema)]
        #[expect(dead_code, reason = "only described")]
        pub(super) struct Applied {
            revision: u64,
        }
    }

    mod other {
        use super::*;

        #[derive(ToSchema)]
        #[expect(dead_code, reason = "only described")]
        pub(super) struct Applied {
            instance: String,
        }
    }

    #[utoipa::path(get, path = "/one", responses((status = OK, body = one::Applied)))]
    async fn one() {}

    #[utoipa::path(get, path = "/one/again", responses((status = OK, body = one::Applied)))]
    async fn again() {}

    #[utoipa::path(get, path = "/other", responses((status = OK, body = other::Applied)))]
    async fn other() {}

    fn described(routes: Routes<()>) -> Described {
        routes.into_described(Audience::Everybody)
    }

    #[test]
    fn two_types_of_one_name_are_refused() {
        let ones = || {
            Routes::default()
                .routes(routes!(one))
                .routes(routes!(again))
        };
        let others = || Routes::default().routes(routes!(other));
        let whole = document(vec![described(ones()), described(ones())]).unwrap();
        let properties = &whole["components"]["schemas"]["Applied"]["properties"];
        assert!(properties.get("revision").is_some(), "{properties}");
        for groups in [
            vec![described(ones()), described(others())],
            vec![described(ones().merge(others()))],
            vec![described(ones().nest("/nested", others()))],
        ] {
            let error = document(groups).unwrap_err().to_string();
            assert!(error.contains("two types are called Applied"), "{error}");
        }
    }
}
