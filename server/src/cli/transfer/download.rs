//! The file of a vendor, from a disk, from stdin, or from a server of the vendor

use std::fs::File;
use std::io::{self, Read};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Url};

use crate::cli::progress::Progress;
use crate::cli::{CommandError, argument, runtime};
use crate::config::Secret;
use crate::runtime::logging::error_chain;

/// The longest file; the API accepts no longer document
const MAX_BYTES: usize = 64 << 20;
/// The time for a whole download
const DOWNLOAD_TIME: Duration = Duration::from_mins(2);
const CONNECT_TIME: Duration = Duration::from_secs(10);
const MAX_REDIRECTS: usize = 5;

/// The URL that a name is, if it is one
pub(super) fn url(name: &str) -> Option<Url> {
    let url = Url::parse(name).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The name of a file in a message: a URL without what may be secret in it
pub(super) fn shown(name: &str) -> String {
    url(name).map_or_else(|| name.to_owned(), |url| without_secrets(&url))
}

fn without_secrets(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{host}{port}{}", url.scheme(), url.path())
}

/// The text of a file, of stdin (`-`), or of a URL, which gets the headers
pub(super) fn read(name: &str, headers: &[Secret]) -> Result<String, CommandError> {
    let failed = |cause: io::Error| CommandError::Unreadable {
        name: shown(name),
        cause,
    };
    let bytes = match url(name) {
        Some(url) => {
            let headers = header_map(headers)?;
            runtime()?.block_on(download(url, headers))
        }
        None if !headers.is_empty() => {
            return Err(CommandError::Argument {
                option: "--header",
                expected: "a URL instead of FILE".to_owned(),
            });
        }
        None if name == "-" => read_all(io::stdin()),
        None => File::open(name).and_then(read_all),
    };
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
    text.map_err(failed)
}

fn read_all(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    reader
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() > MAX_BYTES {
        return Err(too_long());
    }
    Ok(bytes)
}

fn too_long() -> io::Error {
    io::Error::other(format!("it is longer than {MAX_BYTES} bytes"))
}

/// The headers of `NAME: VALUE`, or of files that contain it
fn header_map(given: &[Secret]) -> Result<HeaderMap, CommandError> {
    let mut headers = HeaderMap::new();
    for given in given {
        let line = argument(given.reveal())?;
        let header = line.split_once(':').and_then(|(name, value)| {
            let name: HeaderName = name.trim().parse().ok()?;
            let mut value: HeaderValue = value.trim().parse().ok()?;
            value.set_sensitive(true);
            Some((name, value))
        });
        let Some((name, value)) = header else {
            return Err(CommandError::Argument {
                option: "--header",
                expected: "`NAME: VALUE` in one line".to_owned(),
            });
        };
        headers.append(name, value);
    }
    Ok(headers)
}

async fn download(url: Url, headers: HeaderMap) -> io::Result<Vec<u8>> {
    // An error says that it has been installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let progress = Progress::of_unknown_length("download");
    let is_open = headers.is_empty() && url.username().is_empty() && url.password().is_none();
    let client = Client::builder()
        .timeout(DOWNLOAD_TIME)
        .connect_timeout(CONNECT_TIME)
        // A key may be in the query of the URL.
        .referer(false)
        .redirect(Policy::custom(move |attempt| redirect(attempt, is_open)))
        .build()
        .map_err(failure)?;
    let receiving = async {
        let request = client.get(url).headers(headers);
        let mut response = request.send().await.map_err(failure)?;
        let status = response.status();
        if !status.is_success() {
            let message = format!("the server answers {status}");
            return Err(io::Error::other(message));
        }
        let length = response.content_length();
        if length.is_some_and(|length| usize::try_from(length).map_or(true, |it| it > MAX_BYTES)) {
            return Err(too_long());
        }
        progress.restart(length);
        let mut bytes = Vec::new();
        while let Some(part) = response.chunk().await.map_err(failure)? {
            progress.advance(part.len());
            bytes.extend_from_slice(&part);
            if bytes.len() > MAX_BYTES {
                return Err(too_long());
            }
        }
        Ok(bytes)
    };
    progress.during(receiving).await
}

fn failure(error: reqwest::Error) -> io::Error {
    io::Error::other(error_chain(&error.without_url()))
}

/// Follows a redirect, unless it would take a header to another host, or leave HTTPS
fn redirect(attempt: Attempt<'_>, is_open: bool) -> reqwest::redirect::Action {
    let Some(first) = attempt.previous().first() else {
        return attempt.follow();
    };
    let next = attempt.url();
    let is_same_host = next.origin() == first.origin();
    let keeps_https = first.scheme() == "http" || next.scheme() == "https";
    if attempt.previous().len() > MAX_REDIRECTS {
        let message = format!("more than {MAX_REDIRECTS} redirects");
        attempt.error(message)
    } else if is_same_host || (is_open && keeps_https) {
        attempt.follow()
    } else {
        let next = without_secrets(next);
        let message = if keeps_https {
            format!(
                "the server redirects to `{next}`, and headers are not sent to another host: give that URL"
            )
        } else {
            format!("the server redirects to `{next}`, which is not HTTPS")
        };
        attempt.error(message)
    }
}
