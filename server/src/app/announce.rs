//! The text that a start prints to stdout

use std::io::{self, Write as _};

use crate::app::serve::{ENVIRONMENT, PROJECT};
use crate::app::startup_credentials::StartupCredential;
use crate::store::CredentialKind;

/// Prints the address of the server, the keys that it has just created, a link that signs in, and commands to try
pub(super) fn announce(
    address: &str,
    made: &[StartupCredential],
    link: Option<&str>,
) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "listening on {address}")?;
    for StartupCredential { kind, token } in made {
        writeln!(stdout, "{} key: {token}", kind.name())?;
    }
    if !made.is_empty() {
        writeln!(
            stdout,
            "keys are shown this once; only their hashes are kept"
        )?;
    }
    if let Some(link) = link {
        writeln!(stdout, "admin UI: {link}")?;
        writeln!(
            stdout,
            "this link signs in once, within 15 minutes; `flagstaff sign-in-link` prints another"
        )?;
    }
    // Examples need tokens; given tokens are not printed.
    let token = |kind: CredentialKind| {
        made.iter()
            .find(|key| key.kind == kind)
            .map(|key| &key.token)
    };
    if let Some(token) = token(CredentialKind::Client) {
        writeln!(stdout, "example page: {address}/example/#key={token}")?;
    }
    if let Some(token) = token(CredentialKind::Admin) {
        writeln!(
            stdout,
            "try: curl -X PUT -H 'Authorization: Bearer {token}' -d '{{\"enabled\": true, \"rolloutPercentage\": 100}}' \
             {address}/api/v1/projects/{PROJECT}/environments/{ENVIRONMENT}/flags/wishlist-gallery",
        )?;
    }
    stdout.flush()
}
