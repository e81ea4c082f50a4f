//! A server in a temporary folder, and how to talk to it

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use flagstaff_core::Timestamp;
use flagstaff_server::auth::{KeyKind, hash};
use flagstaff_server::store::{KeyRow, KeyRules, SqlStore, Store};
use flagstaff_server::{AppState, Clock, Limits, app};
use http_body_util::BodyExt as _;
use serde_json::Value;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection as _, Executor as _, SqlSafeStr as _};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::postgres::Cluster;

/// 2026-01-01T00:00:00Z
pub(crate) const NOW: u64 = 1_767_225_600_000;
pub(crate) const FLAGS: &str = "/api/v1/projects/default/environments/production/flags";
pub(crate) const DOCUMENT: &str = "/api/v1/projects/default/environments/production/document";

/// A database of its own
pub(crate) struct Database {
    address: String,
    _folder: Option<TempDir>,
}

impl Database {
    /// An SQLite file in a folder that goes with this
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            address: format!("sqlite://{}", folder.path().join("flags.db").display()),
            _folder: Some(folder),
        }
    }

    /// One in a PostgreSQL
    pub(crate) async fn postgres(cluster: &Cluster) -> Self {
        Self {
            address: cluster.database().await,
            _folder: None,
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Runs the first migration and more, as a server of that release would have
    pub(crate) async fn prepare(&self, [initial, written]: &[&'static str; 2]) {
        sqlx::any::install_default_drivers();
        let address = match self.address.strip_prefix("sqlite:") {
            Some(_) => format!("{}?mode=rwc", self.address),
            None => self.address.clone(),
        };
        let mut connection = sqlx::AnyConnection::connect(&address).await.unwrap();
        let initial = Migration::new(
            1,
            "initial".into(),
            MigrationType::Simple,
            initial.into_sql_str(),
            false,
        );
        let first = Migrator::with_migrations(vec![initial]);
        first.run(&mut connection).await.unwrap();
        connection.execute(*written).await.unwrap();
        connection.close().await.unwrap();
    }

    pub(crate) async fn open(&self) -> SqlStore {
        SqlStore::open(&self.address).await.unwrap()
    }
}

/// A server without a socket
pub(crate) struct Server {
    pub(crate) state: AppState,
    pub(crate) clock: Arc<AtomicU64>,
    // Dropped last: the folder goes when nobody uses the file any more.
    database: Database,
}

/// What the server answered
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// The pointers of a problem's errors
    pub(crate) fn pointers(&self) -> Vec<String> {
        let errors = self.json()["errors"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        errors
            .iter()
            .map(|error| error["pointer"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Every key's token is its kind; production's but for those that have a role
pub(crate) async fn keys(store: &dyn Store) {
    for kind in KeyKind::ALL {
        store.ensure_key(key(kind, kind.name())).await.unwrap();
    }
}

/// The key of a token
pub(crate) fn key(kind: KeyKind, token: &str) -> KeyRow {
    KeyRow {
        hash: hash(token),
        kind,
        project_id: Some(1),
        environment_id: KeyKind::KEYS.contains(&kind).then_some(1),
        name: kind.name().to_owned(),
        hint: String::new(),
        created_at: Timestamp::from_millis(0),
        expires_at: None,
        rules: KeyRules::default(),
    }
}

pub(crate) async fn state(database: &Database, limits: Limits, clock: Clock) -> AppState {
    let store: Arc<dyn Store> = Arc::new(database.open().await);
    keys(&*store).await;
    AppState::load(store, limits, clock).await.unwrap()
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let database = Database::new();
        let clock = Arc::new(AtomicU64::new(NOW));
        let state = state(&database, limits, Clock::Manual(Arc::clone(&clock))).await;
        Self {
            state,
            clock,
            database,
        }
    }

    /// One whose clock nobody sets
    pub(crate) fn of(state: AppState, database: Database) -> Self {
        Self {
            state,
            clock: Arc::default(),
            database,
        }
    }

    /// Runs statements in its database behind its back
    pub(crate) async fn sql(&self, statements: &str) {
        sql(self.database.address(), statements).await;
    }

    fn router(&self) -> Router {
        app(self.state.clone())
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }

    /// A request with the token of a kind of key, a JSON body and headers
    #[expect(clippy::too_many_arguments, reason = "the parts of a request")]
    pub(crate) async fn call(
        &self,
        key: KeyKind,
        method: Method,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", key.name()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn admin(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.call(KeyKind::Admin, method, path, body, &[]).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.admin(Method::GET, path, &Value::Null).await
    }

    /// Requests with a token
    pub(crate) fn with_token(&self, token: &str) -> Caller<'_> {
        Caller {
            server: self,
            token: token.to_owned(),
        }
    }

    /// Requests with a token that is admin in all projects
    pub(crate) async fn root(&self) -> Caller<'_> {
        let everywhere = KeyRow {
            project_id: None,
            ..key(KeyKind::Admin, "root")
        };
        self.state.store().ensure_key(everywhere).await.unwrap();
        self.state.refresh_keys().await.unwrap();
        self.with_token("root")
    }

    /// Puts a flag, whatever was there
    pub(crate) async fn put(&self, key: &str, flag: &Value) -> Answer {
        let answer = self
            .call(
                KeyKind::Admin,
                Method::PUT,
                &format!("{FLAGS}/{key}"),
                flag,
                &[],
            )
            .await;
        if answer.status != StatusCode::PRECONDITION_REQUIRED {
            return answer;
        }
        self.call(
            KeyKind::Admin,
            Method::PUT,
            &format!("{FLAGS}/{key}"),
            flag,
            &[("if-match", "*")],
        )
        .await
    }
}

/// Requests with one token
pub(crate) struct Caller<'a> {
    server: &'a Server,
    token: String,
}

impl Caller<'_> {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Body::from(body.to_string()))
            .await
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.send(method, path, Body::from(body.to_string())).await
    }

    async fn send(&self, method: Method, path: &str, body: Body) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {}", self.token));
        self.server.send(request.body(body).unwrap()).await
    }
}

/// A client for a server on a real port
pub(crate) fn http() -> reqwest::Client {
    // An error says that another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// Runs statements in a database behind the server's back
pub(crate) async fn sql(address: &str, statements: &str) {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(address).await.unwrap();
    for statement in statements.split(';') {
        let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()));
        statement.execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}
