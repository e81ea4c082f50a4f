//! One HTTP/1.1 connection that stays open: sends requests as bytes, and reads only status and length of the responses

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// A response that takes longer ends the run
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);
/// The placeholder for the number of the request in a body
const NUMBER: &str = "{}";
const MOST_HEADERS: usize = 64;
const ROOM: usize = 64 * 1024;

/// The bytes of a request, without the number
#[derive(Debug)]
pub(crate) struct Request {
    head: String,
    body: String,
}

impl Request {
    pub(crate) fn new(address: SocketAddr, path: &str, headers: &[String], body: &str) -> Self {
        let mut head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n"
        );
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        Self {
            head,
            body: body.to_owned(),
        }
    }

    /// The bytes of request `number`
    pub(crate) fn bytes(&self, number: u64) -> Vec<u8> {
        let body = self.body.replace(NUMBER, &number.to_string());
        format!("{}Content-Length: {}\r\n\r\n{body}", self.head, body.len()).into_bytes()
    }
}

/// A response
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Head and body
    pub(crate) bytes: usize,
}

/// A connection
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    room: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(RESPONSE_TIMEOUT))?;
        Ok(Self {
            stream,
            room: vec![0; ROOM],
        })
    }

    /// Sends a request and reads the whole response
    pub(crate) fn ask(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.write_all(request)?;
        let mut read = 0;
        loop {
            if read == self.room.len() {
                self.room.resize(read * 2, 0);
            }
            let more = self.stream.read(&mut self.room[read..])?;
            if more == 0 {
                bail!("the server closed the connection");
            }
            read += more;
            if let Some(answer) = whole(&self.room[..read])? {
                return Ok(answer);
            }
        }
    }
}

/// The response in these bytes, if it is complete
fn whole(bytes: &[u8]) -> Result<Option<Answer>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(bytes)? else {
        return Ok(None);
    };
    let status = response.code.context("an answer has a status")?;
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let body = match length {
        Some(header) => std::str::from_utf8(header.value)?.parse()?,
        None if status == 304 => 0,
        None => bail!("an answer of unknown length"),
    };
    let bytes_in_all: usize = head + body;
    Ok((bytes.len() >= bytes_in_all).then_some(Answer {
        status,
        bytes: bytes_in_all,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

    #[test]
    fn an_answer_is_whole_with_its_last_byte() {
        for cut in 1..ANSWER.len() {
            assert_eq!(whole(&ANSWER[..cut]).unwrap_or_default(), None);
        }
        let answer = Answer {
            status: 200,
            bytes: ANSWER.len(),
        };
        assert_eq!(whole(ANSWER).unwrap_or_default(), Some(answer));
    }

    #[test]
    fn not_modified_has_no_body() {
        let answer = b"HTTP/1.1 304 Not Modified\r\netag: \"1\"\r\n\r\n";
        let expected = Answer {
            status: 304,
            bytes: answer.len(),
        };
        assert_eq!(whole(answer).unwrap_or_default(), Some(expected));
    }

    #[test]
    fn an_answer_of_unknown_length_is_refused() {
        assert!(whole(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn each_request_has_its_number() {
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        let request = Request::new(address, "/p", &["X-A: b".to_owned()], r#"{"k":"u-{}"}"#);
        let text = String::from_utf8(request.bytes(17)).unwrap_or_default();
        assert!(
            text.ends_with("X-A: b\r\nContent-Length: 12\r\n\r\n{\"k\":\"u-17\"}"),
            "{text}"
        );
    }
}
