//! The options about signing in, as `flagstaff config check` reads them

use std::path::Path;

use crate::support::{Printed, flagstaff, printed};

fn check(folder: &Path, file: &str) -> Printed {
    std::fs::write(folder.join("flagstaff.toml"), file).unwrap();
    let arguments = ["config", "check", "--config", "flagstaff.toml"];
    printed(flagstaff(folder, &arguments))
}

#[test]
fn mistakes_in_the_options_are_found_before_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let whole = "public-url = 'https://flags.example'\noidc-issuer = 'https://login.example'\noidc-client-id = 'flags'\n";
    let good = format!(
        "{whole}oidc-client-secret = 's3cret'\noidc-roles = ['platform=admin', 'devs=editor@shop']\nsession-idle = 600\n"
    );
    let checked = check(folder.path(), &good).expect_success();
    assert!(
        checked.contains("platform=admin,devs=editor@shop"),
        "{checked}"
    );
    assert!(!checked.contains("s3cret"), "{checked}");
    check(
        folder.path(),
        "public-url = 'https://example.com/tools/flags/'",
    )
    .expect_success();
    for (file, expected) in [
        (
            "oidc-issuer = 'https://a.example'",
            "`--oidc-issuer` needs `--oidc-client-id` too",
        ),
        (
            "oidc-client-id = 'flags'",
            "`--oidc-client-id` needs `--oidc-issuer` too",
        ),
        (
            "oidc-client-secret = 's'",
            "`--oidc-client-secret` needs `--oidc-issuer` too",
        ),
        (
            "oidc-roles = 'a=admin'",
            "`--oidc-roles` needs `--oidc-issuer` too",
        ),
        (
            "oidc-issuer = 'https://a.example'\noidc-client-id = 'f'",
            "`--oidc-issuer` needs `--public-url` too",
        ),
        (
            &*format!("{whole}jwt-issuer = 'https://other.example'\njwt-audience = 'a'"),
            "`--oidc-issuer` and `--jwt-issuer` must be the same",
        ),
        (
            "public-url = 'http://flags.example'\noidc-issuer = 'http://login.example'\noidc-client-id = 'f'",
            "expected an issuer with https, or with http on this machine",
        ),
        ("public-url = 'flags.example'", "expected `https://HOST`"),
        (
            "public-url = 'https://flags.example/ui?a=b'",
            "expected `https://HOST`",
        ),
        (
            "public-url = 'https://flags.example/a b'",
            "the path has letters",
        ),
        (
            "public-url = 'https://flags.example/api'",
            "does not begin with a name of the server's own paths",
        ),
        ("oidc-roles = 'staff'", "line 1: invalid value 'staff'"),
        ("session-lifetime = 1", "line 1: invalid value '1'"),
        (
            "sign-in-link = true\nlisten = '0.0.0.0:80'",
            "`--sign-in-link` needs a loopback address in `--listen`",
        ),
    ] {
        let refused = check(folder.path(), file);
        assert_eq!(refused.status, 2, "{file}");
        assert!(
            refused.stderr.contains(expected),
            "{file}: {}",
            refused.stderr
        );
    }
}
