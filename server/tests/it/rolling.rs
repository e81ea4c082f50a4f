//! Nodes that are restarted one by one behind a load balancer

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::header::CONNECTION;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::support::{ADMIN, Cluster, FLAGS, Process, Requests as _, in_time, until};

/// Gives each connection to the next node that takes one: it knows nothing of HTTP, nor of how a node is
struct Balancer {
    address: String,
    nodes: Arc<Mutex<VecDeque<String>>>,
}

impl Balancer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let nodes = Arc::<Mutex<VecDeque<String>>>::default();
        let own = Arc::clone(&nodes);
        tokio::spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                own.lock().unwrap().rotate_left(1);
                let nodes = own.lock().unwrap().clone();
                tokio::spawn(async move {
                    for node in nodes {
                        if let Ok(mut node) = TcpStream::connect(node).await {
                            // How it ends is between the client and the node.
                            let _ = copy_bidirectional(&mut client, &mut node).await;
                            return;
                        }
                    }
                });
            }
        });
        Self { address, nodes }
    }

    fn add(&self, node: &Process) {
        self.nodes.lock().unwrap().push_back(host(node));
    }

    fn remove(&self, host: &str) {
        self.nodes.lock().unwrap().retain(|node| node != host);
    }
}

fn host(node: &Process) -> String {
    node.address.strip_prefix("http://").unwrap().to_owned()
}

/// Keeps its connection for as long as the server wants to, and never repeats a request
struct Client {
    address: String,
    sender: Option<SendRequest<String>>,
}

impl Client {
    async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<StatusCode, String> {
        let mut sender = match self.sender.take() {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "flagstaff.example")
            .header("authorization", format!("Bearer {ADMIN}"))
            .body(body)
            .unwrap();
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| error.to_string())?;
        let status = response.status();
        let is_over = response
            .headers()
            .get(CONNECTION)
            .is_some_and(|value| value == "close");
        response
            .collect()
            .await
            .map_err(|error| error.to_string())?;
        self.sender = Some(sender).filter(|_| !is_over);
        Ok(status)
    }

    async fn connect(&self) -> Result<SendRequest<String>, String> {
        let stream = TcpStream::connect(&self.address)
            .await
            .map_err(|error| error.to_string())?;
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_behind_a_plain_balancer_loses_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let database = Cluster::shared().database().await;
    let start = || {
        let options = ["--admin-token", ADMIN, "--shutdown-delay", "1"];
        Process::start_on(&database, folder.path(), &options)
    };
    let balancer = Balancer::start().await;
    let mut nodes: VecDeque<Process> = [start(), start()].into();
    for node in &nodes {
        balancer.add(node);
    }

    let (is_over, sent) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let clients: Vec<_> = (0..6)
        .map(|number| {
            let (is_over, sent) = (Arc::clone(&is_over), Arc::clone(&sent));
            let mut client = Client {
                address: balancer.address.clone(),
                sender: None,
            };
            tokio::spawn(async move {
                let (mut lost, mut writes) = (Vec::new(), 0_u32);
                while !is_over.load(Ordering::Relaxed) {
                    let is_write = number % 2 == 0;
                    let answer = if is_write {
                        writes += 1;
                        let path = format!("{FLAGS}/flag{number}");
                        let body = json!({"enabled": writes % 2 == 1}).to_string();
                        client.send(Method::PUT, &path, body).await
                    } else {
                        client.send(Method::GET, FLAGS, String::new()).await
                    };
                    sent.fetch_add(1, Ordering::Relaxed);
                    match answer {
                        Ok(StatusCode::OK | StatusCode::CREATED) => {}
                        other => lost.push(format!("{other:?}")),
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                (lost, writes)
            })
        })
        .collect();
    let progress = async || {
        let before = sent.load(Ordering::Relaxed);
        until("more was sent", async || {
            sent.load(Ordering::Relaxed) > before + 60
        })
        .await;
    };
    progress().await;
    for _ in 0..2 {
        let node = nodes.pop_front().unwrap();
        let old = host(&node);
        let stopped = tokio::task::spawn_blocking(move || node.stop());
        let (_, log) = in_time(stopped).await.unwrap();
        assert!(!log.contains("cut off"), "{log}");
        progress().await;
        let new = start();
        balancer.add(&new);
        balancer.remove(&old);
        nodes.push_back(new);
        progress().await;
    }
    is_over.store(true, Ordering::Relaxed);
    let mut writes = 0;
    for client in clients {
        let (lost, own) = in_time(client).await.unwrap();
        assert_eq!(lost, Vec::<String>::new());
        writes += own;
    }
    // Each write that was answered is stored, and none twice.
    let environments = "/api/v1/projects/default/environments?sort=-revision";
    let revision = &nodes[0].get(environments).await["items"][0]["revision"];
    assert_eq!(*revision, writes);
}

#[tokio::test]
async fn a_node_that_leaves_is_not_ready_and_answers_until_the_delay_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--admin-token", ADMIN, "--shutdown-delay", "300"];
    let node = Process::start(folder.path(), &options);
    let before = node.get("flags").await.expect(200);
    assert_eq!(before.headers.get("connection"), None);
    let terminate = || {
        let id = node.id().to_string();
        let kill = std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status();
        assert!(kill.unwrap().success());
    };
    terminate();
    until("the node is not ready", async || {
        node.get("/readyz").await.status == 503
    })
    .await;
    let left = node.get("flags").await.expect(200);
    assert_eq!(left.header("connection"), "close");
    node.get("/healthz").await.expect(200);
    // A second signal ends the wait.
    let (_, log) = tokio::task::spawn_blocking(move || node.stop())
        .await
        .unwrap();
    assert!(log.contains("not ready any more"), "{log}");
}
