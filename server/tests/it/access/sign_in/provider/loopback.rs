//! A provider on loopback, and what a browser does with it

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Form;
use axum::http::StatusCode;
use axum::routing::{get, post};
use flagstaff_server::sign_in::{Provider, ProviderOptions};

use super::*;

/// A provider that says whatever a test wants
pub(super) struct TestProvider {
    pub(super) name: String,
    pub(super) key: Arc<Signer>,
    pub(super) says: Arc<Mutex<Says>>,
    pub(super) exchanged: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
}

#[derive(Clone)]
pub(super) struct Says {
    pub(super) issuer: Option<String>,
    pub(super) token: (StatusCode, Value),
    pub(super) userinfo: Value,
}

impl TestProvider {
    pub(super) async fn start() -> Self {
        let key = Arc::new(Signer::ecdsa("a"));
        let says = Arc::new(Mutex::new(Says {
            issuer: None,
            token: (StatusCode::OK, json!({})),
            userinfo: json!({}),
        }));
        let exchanged = Arc::new(Mutex::new(Vec::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let name = format!("http://{}", listener.local_addr().unwrap());
        let said = || {
            let says = Arc::clone(&says);
            move || says.lock().unwrap().clone()
        };
        let (of_configuration, of_token, of_userinfo) = (said(), said(), said());
        let (own, keys, forms) = (name.clone(), Arc::clone(&key), Arc::clone(&exchanged));
        let configuration = async move || {
            let issuer = of_configuration().issuer.unwrap_or_else(|| own.clone());
            json!({
                "issuer": issuer, "jwks_uri": format!("{own}/keys"), "authorization_endpoint": format!("{own}/auth?tenant=1"),
                "token_endpoint": format!("{own}/token"), "userinfo_endpoint": format!("{own}/me"),
                "end_session_endpoint": format!("{own}/end"),
            })
            .to_string()
        };
        let token = async move |Form(form): Form<BTreeMap<String, String>>| {
            forms.lock().unwrap().push(form);
            let (status, body) = of_token().token;
            (
                status,
                [("content-type", "application/json")],
                body.to_string(),
            )
        };
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(configuration))
            .route(
                "/keys",
                get(async move || json!({"keys": [keys.published()]}).to_string()),
            )
            .route("/token", post(token))
            .route("/me", get(async move || of_userinfo().userinfo.to_string()));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            name,
            key,
            says,
            exchanged,
        }
    }

    /// Answers a code with an ID token with these claims
    pub(super) fn answer(&self, claims: &Value) {
        let id_token = self.key.sign(claims);
        let body = json!({"access_token": "at", "token_type": "Bearer", "id_token": id_token});
        self.says.lock().unwrap().token = (StatusCode::OK, body);
    }

    /// The claims of Ann, an editor, for a sign-in
    pub(super) fn claims(&self, attempt: &Attempt, more: &Value) -> Value {
        let mut claims = json!({
            "iss": self.name, "aud": "flags", "sub": "ann", "exp": SECOND + 60, "nonce": attempt.parameter("nonce"),
            "email": "ann@example.com", "email_verified": true, "flagstaff_role": "editor",
        });
        for (name, claim) in more.as_object().unwrap() {
            claims[name] = claim.clone();
        }
        claims
    }

    pub(super) async fn server(&self) -> Server {
        self.server_with(|_| {}).await
    }

    pub(super) async fn server_with(&self, change: impl FnOnce(&mut ProviderOptions)) -> Server {
        Server::with(self.config_with(change)).await
    }

    pub(super) fn config_with(&self, change: impl FnOnce(&mut ProviderOptions)) -> RuntimeConfig {
        let mut options = ProviderOptions {
            issuer: self.name.clone(),
            client_id: "flags".to_owned(),
            client_secret: None,
            scopes: vec!["email".to_owned()],
            role_claim: "flagstaff_role".to_owned(),
            role_mappings: Vec::new(),
            label: "Example".to_owned(),
            home: HOME.to_owned(),
        };
        change(&mut options);
        RuntimeConfig {
            sign_in: SignIn {
                origin: Some(HOME.to_owned()),
                is_https: true,
                provider: Some(Arc::new(Provider::new(options).unwrap())),
                ..SignIn::default()
            },
            ..RuntimeConfig::default()
        }
    }
}

/// A sign-in that a browser has begun
pub(super) struct Attempt {
    pub(super) address: reqwest::Url,
    pub(super) cookie: String,
}

impl Attempt {
    pub(super) async fn begin(server: &Server) -> Self {
        let begun = server.get(BEGIN).anonymous().await.expect(303);
        let [(cookie, attributes)] = &cookies(&begun)[..] else {
            panic!("one cookie");
        };
        assert!(cookie.starts_with("__Host-flagstaff_sign_in="));
        assert_eq!(
            attributes,
            "Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"
        );
        Self {
            address: begun.header("location").parse().unwrap(),
            cookie: cookie.clone(),
        }
    }

    pub(super) fn parameter(&self, name: &str) -> String {
        let mut pairs = self.address.query_pairs();
        let found = pairs.find(|(found, _)| found == name);
        found
            .unwrap_or_else(|| panic!("{name} in {}", self.address))
            .1
            .into_owned()
    }

    /// The browser comes back with this query
    pub(super) async fn back(&self, server: &Server, query: &str) -> Answer {
        let call = server.get(&format!("{CALLBACK}?{query}"));
        let answer = call
            .anonymous()
            .header("cookie", &self.cookie)
            .await
            .expect(303);
        // Whatever comes of it, it is finished.
        let cleared = cookies(&answer);
        assert!(cleared[0].0 == "__Host-flagstaff_sign_in=" && cleared[0].1.contains("Max-Age=0"));
        answer
    }

    pub(super) async fn finish(&self, server: &Server) -> Answer {
        let query = format!("code=c-1&state={}", self.parameter("state"));
        self.back(server, &query).await
    }
}
