//! An issuer of tokens on this machine

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Mutex as Gate, Notify, OwnedMutexGuard};

/// Only for tests: it is here for all to read
const RSA: &[u8] = include_bytes!("issuer.pk8");

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What it answers who asks for its keys
#[derive(Debug, Clone)]
pub(crate) enum Says {
    Keys(Vec<Value>),
    Failure,
    Redirect,
    Text(String),
}

/// An issuer that publishes its keys on a free port
pub(crate) struct TestIssuer {
    port: u16,
    says: Arc<Mutex<Says>>,
    asked: Arc<AtomicUsize>,
    comes: Arc<Notify>,
    gate: Arc<Gate<()>>,
}

impl TestIssuer {
    pub(crate) async fn start() -> Self {
        let says = Arc::new(Mutex::new(Says::Keys(Vec::new())));
        let asked = Arc::new(AtomicUsize::new(0));
        let (comes, gate) = (Arc::new(Notify::new()), Arc::new(Gate::<()>::default()));
        let (said, counted) = (Arc::clone(&says), Arc::clone(&asked));
        let (come, passed) = (Arc::clone(&comes), Arc::clone(&gate));
        let answer = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            come.notify_one();
            let said = said.lock().unwrap().clone();
            async move {
                drop(passed.lock().await);
                respond(said)
            }
        };
        let moved = json!({"keys": []}).to_string();
        let app = Router::new()
            .route("/keys", get(answer))
            .route("/moved", get(move || async { moved }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let name = format!("http://127.0.0.1:{port}");
        let configuration = json!({"issuer": name, "jwks_uri": format!("{name}/keys")});
        let app = app.route(
            "/.well-known/openid-configuration",
            get(async move || configuration.to_string()),
        );
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            port,
            says,
            asked,
            comes,
            gate,
        }
    }

    /// Answers nobody until what this returns is dropped
    pub(crate) async fn hold(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.gate).lock_owned().await
    }

    /// Waits until its keys are asked for
    pub(crate) async fn is_asked(&self) {
        self.comes.notified().await;
    }

    /// Its name, at which it says where its keys are
    pub(crate) fn name(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/keys", self.port)
    }

    pub(crate) fn publish(&self, keys: &[&Signer]) {
        self.say(Says::Keys(keys.iter().map(|key| key.published()).collect()));
    }

    pub(crate) fn say(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    /// How often its keys have been asked for
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn respond(says: Says) -> Response {
    match says {
        Says::Keys(keys) => json!({"keys": keys}).to_string().into_response(),
        Says::Failure => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Says::Redirect => Redirect::temporary("/moved").into_response(),
        Says::Text(text) => text.into_response(),
    }
}

/// A key of an issuer
pub(crate) struct Signer {
    id: String,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Secret(Vec<u8>),
}

impl Signer {
    pub(crate) fn rsa(id: &str) -> Self {
        Self::new(id, Pair::Rsa(RsaKeyPair::from_pkcs8(RSA).unwrap()))
    }

    /// A new one
    pub(crate) fn ecdsa(id: &str) -> Self {
        let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let pair = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(kind, pair.as_ref(), &random).unwrap();
        Self::new(id, Pair::Ecdsa(pair))
    }

    pub(crate) fn secret(id: &str, secret: impl AsRef<[u8]>) -> Self {
        Self::new(id, Pair::Secret(secret.as_ref().to_vec()))
    }

    fn new(id: &str, pair: Pair) -> Self {
        let id = id.to_owned();
        Self { id, pair }
    }

    /// The modulus of an RSA key
    pub(crate) fn modulus(&self) -> Vec<u8> {
        let Pair::Rsa(pair) = &self.pair else {
            panic!("it is no RSA key");
        };
        RsaPublicKeyComponents::from(pair.public()).n
    }

    /// As an issuer publishes it
    pub(crate) fn published(&self) -> Value {
        match &self.pair {
            Pair::Rsa(pair) => {
                let public: RsaPublicKeyComponents<Vec<u8>> = pair.public().into();
                json!({
                    "kid": self.id, "kty": "RSA", "use": "sig", "alg": "RS256",
                    "n": base64(self.modulus()), "e": base64(public.e),
                })
            }
            Pair::Ecdsa(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kid": self.id, "kty": "EC", "crv": "P-256", "x": base64(x), "y": base64(y)})
            }
            Pair::Secret(secret) => json!({"kid": self.id, "kty": "oct", "k": base64(secret)}),
        }
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::Ecdsa(_) => "ES256",
            Pair::Secret(_) => "HS256",
        }
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm(), "kid": self.id, "typ": "JWT"});
        self.sign_with(&header, claims)
    }

    /// A token with any header
    pub(crate) fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let message = format!(
            "{}.{}",
            base64(header.to_string()),
            base64(claims.to_string())
        );
        let bytes = message.as_bytes();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let random = SystemRandom::new();
                pair.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature)
                    .unwrap();
                signature
            }
            Pair::Ecdsa(pair) => pair
                .sign(&SystemRandom::new(), bytes)
                .unwrap()
                .as_ref()
                .to_vec(),
            Pair::Secret(secret) => {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
                ring::hmac::sign(&key, bytes).as_ref().to_vec()
            }
        };
        format!("{message}.{}", base64(signature))
    }
}
