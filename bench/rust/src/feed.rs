//! A server that changes a flag continuously, so that its client swaps its snapshot as often
//!
//! It implements the part of `docs/spec/protocol.md` that one client needs: a full transfer, and then changes while `hurry` is set.

use std::error::Error;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use flagstaff_analysis::wire::{WireObject, split};
use flagstaff_core::object::state_hash;
use serde_json::{Value, json};

/// The flag that changes, which is not timed
const CHANGING: &str = "w2";
/// The pause between two changes: about a thousand changes a second
const PAUSE: Duration = Duration::from_millis(1);

pub struct Feed {
    address: SocketAddr,
    is_hurrying: Arc<AtomicBool>,
}

impl Feed {
    /// Starts serving a document
    pub fn start(document: &str) -> Result<Self, Box<dyn Error>> {
        let objects = split(&serde_json::from_str(document)?);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let is_hurrying = Arc::new(AtomicBool::new(false));
        let hurry = Arc::clone(&is_hurrying);
        // The thread ends with the connection or with the process.
        thread::spawn(move || {
            let (stream, _) = listener.accept()?;
            serve(&stream, &objects, &hurry)
        });
        Ok(Self {
            address,
            is_hurrying,
        })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Whether to send changes from now on
    pub fn hurry(&self, is_hurrying: bool) {
        self.is_hurrying.store(is_hurrying, Ordering::Relaxed);
    }
}

fn serve(stream: &TcpStream, objects: &[WireObject], is_hurrying: &AtomicBool) -> io::Result<()> {
    let mut request = BufReader::new(stream).lines();
    while request
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let mut out = stream;
    out.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")?;
    let of = |object: &WireObject, version| state_hash(object.kind.as_str(), &object.key, version);
    let mut hash = 0_u64;
    out.write_all(event("server-intent", &json!({"intent": "xfer-full"}), "").as_bytes())?;
    for object in objects {
        hash = hash.wrapping_add(of(object, 1));
        out.write_all(put(object, 1).as_bytes())?;
    }
    out.write_all(commit(1, hash).as_bytes())?;
    let changing = objects.iter().find(|object| object.key == CHANGING);
    let mut version = 1;
    while let Some(object) = changing {
        thread::sleep(PAUSE);
        if is_hurrying.load(Ordering::Relaxed) {
            hash = hash
                .wrapping_sub(of(object, version))
                .wrapping_add(of(object, version + 1));
            version += 1;
            out.write_all((put(object, version) + &commit(version, hash)).as_bytes())?;
        }
    }
    Ok(())
}

fn put(object: &WireObject, version: u64) -> String {
    let mut value = object.value.clone();
    if object.key == CHANGING {
        // Makes each change differ from the previous one.
        value["metadata"] = json!({"version": version});
    }
    let data = json!({"kind": object.kind.as_str(), "key": object.key, "version": version, "object": value});
    event("put-object", &data, "")
}

fn commit(revision: u64, hash: u64) -> String {
    let data = json!({
        "schemaVersion": 1, "environment": "bench", "revision": revision, "hash": format!("{hash:016x}"),
    });
    event("payload-transferred", &data, &format!("id: {revision}\n"))
}

fn event(name: &str, data: &Value, id: &str) -> String {
    format!("event: {name}\n{id}data: {data}\n\n")
}
