//! What an error response says: only a problem that Flagstaff itself describes is a refusal
//!
//! A load balancer answers 404 or 403 too, for a moment during a deployment. A client that took that for a refusal would not come back for
//! minutes.

use std::time::Duration;

use bytes::Bytes;
use flagstaff_core::{Value, excerpt};
use futures_util::{Stream, StreamExt as _};
use tokio::time::timeout;

use super::SourceError;

/// Every `type` of Flagstaff's problem+json begins with this
const PROBLEM_TYPE: &str = "urn:flagstaff:problem:";
/// The longest body that is read
const MAX_BODY: usize = 16 * 1024;
/// How long it is read
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// The error of a response with a status that is not a success
pub(super) async fn read<E>(
    status: u16,
    retry_after: Option<Duration>,
    body: impl Stream<Item = Result<Bytes, E>>,
) -> SourceError {
    let body = timeout(READ_TIMEOUT, collect(body)).await;
    let detail = body.ok().and_then(|body| problem_detail(&body));
    of_status(status, retry_after, detail)
}

/// `detail` is that of Flagstaff's own problem
fn of_status(status: u16, retry_after: Option<Duration>, detail: Option<String>) -> SourceError {
    match (status, detail) {
        (401 | 403 | 404, Some(detail)) => SourceError::Refused { status, detail },
        (_, Some(detail)) => SourceError::Failed {
            status,
            detail,
            retry_after,
        },
        (_, None) => SourceError::Status {
            status,
            retry_after,
        },
    }
}

/// The beginning of a body; what comes after an error is missing
async fn collect<E>(body: impl Stream<Item = Result<Bytes, E>>) -> Vec<u8> {
    let mut collected = Vec::new();
    let mut body = std::pin::pin!(body);
    while let Some(Ok(bytes)) = body.next().await {
        let left = MAX_BODY.saturating_sub(collected.len());
        collected.extend(bytes.iter().take(left));
        if bytes.len() >= left {
            break;
        }
    }
    collected
}

/// The `detail` of a body that is Flagstaff's problem+json
fn problem_detail(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let Value::Object(problem) = Value::from_json(text).ok()? else {
        return None;
    };
    match (problem.get("type"), problem.get("detail")) {
        (Some(Value::String(kind)), Some(Value::String(detail)))
            if kind.starts_with(PROBLEM_TYPE) =>
        {
            Some(excerpt(detail).into_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn rejection(status: u16, body: &str) -> SourceError {
        let pieces = body.as_bytes().chunks(7).map(Bytes::copy_from_slice);
        let pieces: Vec<Result<Bytes, ()>> = pieces.map(Ok).collect();
        read(status, None, stream::iter(pieces)).await
    }

    #[tokio::test]
    async fn only_a_problem_of_flagstaffs_is_a_refusal() {
        let ours =
            r#"{"type": "urn:flagstaff:problem:forbidden", "detail": "needs a `server` key"}"#;
        for (status, body, expected) in [
            (
                403,
                ours,
                "the server refuses the SDK key or the URL: needs a `server` key (HTTP 403)",
            ),
            (
                404,
                ours,
                "the server refuses the SDK key or the URL: needs a `server` key (HTTP 404)",
            ),
            (
                503,
                ours,
                "the server cannot respond: needs a `server` key (HTTP 503)",
            ),
            (
                403,
                "<html>forbidden</html>",
                "HTTP 403, which is not a response of Flagstaff's",
            ),
            (404, "", "HTTP 404, which is not a response of Flagstaff's"),
            (
                404,
                r#"{"type": "about:blank", "detail": "x"}"#,
                "HTTP 404, which is not a response of Flagstaff's",
            ),
            (
                401,
                r#"{"type": "urn:flagstaff:problem:unauthorized"}"#,
                "HTTP 401, which is not a response of Flagstaff's",
            ),
        ] {
            let error = rejection(status, body).await;
            assert_eq!(error.to_string(), expected);
            assert_eq!(error.is_refusal(), expected.contains("refuses"));
        }
    }

    #[tokio::test]
    async fn a_body_without_end_is_read_in_part() {
        let endless = stream::repeat_with(|| Ok::<_, ()>(Bytes::from_static(&[b'x'; 1000])));
        let error = read(404, None, endless).await;
        assert!(matches!(error, SourceError::Status { status: 404, .. }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_awaited_for_ever() {
        let silent = stream::pending::<Result<Bytes, ()>>();
        let error = read(401, None, silent).await;
        assert!(matches!(error, SourceError::Status { status: 401, .. }));
    }
}
