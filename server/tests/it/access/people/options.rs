//! The options of the issuer

use clap::Parser as _;
use clap::error::ErrorKind;
use flagstaff_server::store::{SqlStore, Store as _};
use flagstaff_server::{Cli, Command, error_chain, serve};
use tempfile::tempdir;

const WHO: [&str; 4] = [
    "--jwt-issuer",
    "https://issuer.example",
    "--jwt-audience",
    "flagstaff",
];
const JWKS: [&str; 2] = ["--jwt-jwks-url", "https://issuer.example/keys"];
const SECRET: [&str; 2] = ["--jwt-secret", "0123456789abcdef0123456789abcdef"];

fn parse(options: &[&[&str]]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from([&["flagstaff", "serve"], options.concat().as_slice()].concat())
}

#[test]
fn an_issuer_has_published_keys_or_a_secret() {
    for options in [&[&WHO[..], &JWKS][..], &[&WHO, &SECRET], &[&WHO], &[]] {
        assert!(parse(options).is_ok(), "{options:?}");
    }
    let both = parse(&[&WHO[..], &JWKS, &SECRET]).map(drop);
    let kind = both.map_err(|error| error.kind());
    assert_eq!(kind, Err(ErrorKind::ArgumentConflict));
}

#[tokio::test]
async fn a_server_does_not_start_with_an_insecure_issuer() {
    let folder = tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("flags.db").display());
    let short = ["--jwt-secret", "0123456789abcdef0123456789abcde"];
    let insecure = ["--jwt-jwks-url", "http://issuer.example/keys"];
    let other = ["--jwt-issuer", "issuer", "--jwt-audience", "flagstaff"];
    for (options, expected) in [
        (
            &[&WHO[..], &short][..],
            "the secret for tokens is shorter than 32 characters",
        ),
        (
            &[&WHO, &insecure],
            "expected the address of the issuer's keys with https, or with http on this machine",
        ),
        (
            &[&WHO[..2], &JWKS],
            "`--jwt-issuer` needs `--jwt-audience` too",
        ),
        (
            &[&WHO[2..], &JWKS],
            "`--jwt-audience` needs `--jwt-issuer` too",
        ),
        (&[&JWKS], "`--jwt-jwks-url` needs `--jwt-issuer` too"),
        (&[&SECRET], "`--jwt-secret` needs `--jwt-issuer` too"),
        (
            &[&other],
            "expected an issuer with https, or with http on this machine; otherwise give the address of its keys",
        ),
    ] {
        let started = parse(&[options, &[&["--database", &database]]].concat()).unwrap();
        let Command::Serve(options) = started.command else {
            panic!("it serves");
        };
        let refused = serve(*options).await.map_err(|error| error_chain(&error));
        let expected = format!("cannot use the issuer of tokens: {expected}");
        assert_eq!(refused, Err(expected));
    }
    // A first start prints its tokens once: one that fails must not have stored them.
    let store = SqlStore::open(&database).await.unwrap();
    assert_eq!(store.access().await.unwrap().rows, []);
}
