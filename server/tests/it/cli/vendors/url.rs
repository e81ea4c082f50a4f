//! `flagstaff import --from VENDOR URL`: headers, redirects, and responses that cannot be read

use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use super::*;

/// A vendor's server: each connection gets the next answer; the heads of the requests come back at the end
fn vendor(answers: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serve = move || {
        let answer = |answer: String| {
            let (stream, _) = listener.accept().unwrap();
            let head = head(&stream);
            (&stream).write_all(answer.as_bytes()).unwrap();
            head
        };
        answers.into_iter().map(answer).collect()
    };
    (address, std::thread::spawn(serve))
}

/// What a request begins with
fn head(stream: &TcpStream) -> String {
    let lines = BufReader::new(stream).lines().map(Result::unwrap);
    let lines: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    lines.join("\n").to_lowercase()
}

fn response(status: &str, more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\n{more}Content-Length: {length}\r\n\r\n{body}"
    )
}

fn moved_to(url: &str) -> String {
    response("302 Found", &format!("Location: {url}\r\n"), "")
}

#[test]
fn a_url_gets_the_header_and_another_host_does_not() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("header.txt"),
        "Authorization: secret-1\n",
    )
    .unwrap();
    // In a database of its own; no server is needed.
    Process::start(folder.path(), &["--admin-token", ADMIN]).stop();
    let import = |url: &str, options: &[&str]| {
        let command = [
            "import",
            "--from",
            "unleash",
            url,
            "--database",
            "sqlite://flags.db",
        ];
        run(folder.path(), &[&command[..], options].concat(), "")
    };
    let file = unleash(&[toggle("f", "100", "userId")]);
    let header = ["--header", "@header.txt"];

    let (address, requests) = vendor(vec![moved_to("/there"), response("200 OK", "", &file)]);
    let printed = import(&format!("{address}/here?key=secret-2"), &header).expect_success();
    assert!(printed.contains("revision 1\n"), "{printed}");
    let requests = requests.join().unwrap();
    assert!(
        requests[0].starts_with("get /here?key=secret-2 "),
        "{requests:?}"
    );
    assert!(requests[1].starts_with("get /there "), "{requests:?}");
    for request in &requests {
        assert!(request.contains("\nauthorization: secret-1"), "{request}");
        assert!(!request.contains("\nreferer"), "{request}");
    }

    // To another port, which is another server: only without a header.
    let (other, requests) = vendor(vec![response("200 OK", "", &file)]);
    let (address, _) = vendor(vec![
        moved_to(&other),
        moved_to(&format!("{other}/f?key=secret-3")),
    ]);
    let refused = import(&address, &header);
    let expected = format!("redirects to `{other}/`, and headers are not sent to another host");
    assert!(!refused.stderr.contains("secret"), "{}", refused.stderr);
    refused.expect_failure(&expected);
    import(&address, &[]).expect_success();
    assert!(requests.join().unwrap()[0].starts_with("get /f?key=secret-3 "));

    let too_long = "HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n".to_owned();
    let cut_off = "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{".to_owned();
    let mut answers = vec![response("401 Unauthorized", "", "no"), too_long, cut_off];
    answers.extend(std::iter::repeat_n(moved_to("/again"), 6));
    let (address, _) = vendor(answers);
    let url = format!("{address}/f?key=secret-4");
    for expected in [
        "the server answers 401 Unauthorized",
        "it is longer than 67108864 bytes",
        "",
        "more than 5 redirects",
    ] {
        let failed = import(&url, &header);
        assert!(!failed.stderr.contains("secret"), "{}", failed.stderr);
        let begin = format!("flagstaff: cannot read `{address}/f`: ");
        assert!(failed.stderr.starts_with(&begin), "{}", failed.stderr);
        failed.expect_failure(expected);
    }
}
