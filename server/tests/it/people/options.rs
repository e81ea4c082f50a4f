//! The options about the issuer: what must go together, and what must not

use clap::Parser as _;
use clap::error::ErrorKind;
use flagstaff_server::store::{SqlStore, Store as _};
use flagstaff_server::{Cli, Command, chain, serve};
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
    for options in [&[&WHO[..], &JWKS][..], &[&WHO, &SECRET], &[]] {
        assert!(parse(options).is_ok(), "{options:?}");
    }
    for (options, expected) in [
        (&[&WHO[..], &JWKS, &SECRET][..], ErrorKind::ArgumentConflict),
        (&[&WHO], ErrorKind::MissingRequiredArgument),
        (&[&WHO[..2], &JWKS], ErrorKind::MissingRequiredArgument),
        (&[&WHO[2..], &JWKS], ErrorKind::MissingRequiredArgument),
        (&[&JWKS], ErrorKind::MissingRequiredArgument),
        (&[&SECRET], ErrorKind::MissingRequiredArgument),
    ] {
        let refused = parse(options).map(drop).map_err(|error| error.kind());
        assert_eq!(refused, Err(expected), "{options:?}");
    }
}

#[tokio::test]
async fn a_server_does_not_start_with_an_issuer_that_cannot_be_trusted() {
    let folder = tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("flags.db").display());
    for (key, expected) in [
        (
            ["--jwt-secret", "0123456789abcdef0123456789abcde"],
            "the secret for tokens is shorter than 32 characters",
        ),
        (
            ["--jwt-jwks-url", "http://issuer.example/keys"],
            "expected the address of the issuer's keys with https, or with http on this machine",
        ),
    ] {
        let started = parse(&[&WHO, &key, &["--database", &database]]).unwrap();
        let Command::Serve(options) = started.command else {
            panic!("it serves");
        };
        let refused = serve(*options).await.map_err(|error| chain(&error));
        let expected = format!("cannot use the issuer of tokens: {expected}");
        assert_eq!(refused, Err(expected));
    }
    // A first start tells its tokens once: one that comes to nothing must not have made them.
    let store = SqlStore::open(&database).await.unwrap();
    assert_eq!(store.access().await.unwrap().rows, []);
}
