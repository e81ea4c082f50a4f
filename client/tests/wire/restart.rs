//! A background task that panics: the flags are stale, and it is started again

use std::collections::BTreeMap;
use std::time::Duration;

use flagstaff::{Client, Readiness, Status, Timing};
use log::{LevelFilter, Log, Metadata, Record};
use serde_json::Value;

use crate::server::{Reply, Server, delta, transfer};
use crate::{PATIENCE, quick, serves, until_served, until_status};

/// A logger of a program's, with a mistake: it cannot write that one revision is in use
struct Faulty;

impl Log for Faulty {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.args().to_string().contains("revision 77 of") {
            std::panic::resume_unwind(Box::new("the disk of the log is full"));
        }
    }

    fn flush(&self) {}
}

#[test]
fn a_task_that_panics_makes_the_flags_stale_and_comes_back_without_counting_twice() {
    log::set_logger(&Faulty).unwrap();
    log::set_max_level(LevelFilter::Debug);
    let server = Server::start(
        [
            Reply::Stream(transfer("a", 1)),
            Reply::Stream(transfer("b", 78)),
        ],
        [],
    );
    let client = Client::builder(server.url(), "fs_server_test")
        .timing(Timing {
            usage_interval: Duration::from_millis(20),
            ..quick()
        })
        .build()
        .unwrap();
    let mut changes = client.changes();
    assert_eq!(client.ready(PATIENCE), Readiness::Ready);
    assert!(serves(&client, "a"));
    server.until_posts("/api/v1/sdk/usage", 1);
    server.send(&delta("c", 77, "a", 1));
    until_status(&client, &mut changes, Status::Stale);
    assert!(serves(&client, "a"), "the last known flags are served");
    until_served(&client, &mut changes, "b");
    until_status(&client, &mut changes, Status::Ready);
    client.close();
    server.until_disconnected();
    let mut count = 0;
    while count < 2 {
        let posts = server.until_posts("/api/v1/sdk/usage", 1);
        let instances = posts.iter().map(|post| &post.body["instance"]);
        assert!(
            instances
                .clone()
                .zip(instances.skip(1))
                .all(|(one, next)| one == next)
        );
        // A report whose response had not come when the task ended is sent again as it was: the server knows it by its sequence.
        let reports = posts
            .iter()
            .map(|post| (post.body["sequence"].as_u64().unwrap(), &post.body));
        let reports: BTreeMap<u64, &Value> = reports.collect();
        let counts = reports
            .values()
            .flat_map(|report| report["counts"].as_array().unwrap());
        let of_a = counts.filter(|count| count["flag"] == "a" && count["variant"] == "on");
        count = of_a.map(|count| count["count"].as_u64().unwrap()).sum();
    }
    assert_eq!(count, 2, "what was reported before is not reported again");
}
