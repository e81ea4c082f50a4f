//! Signing in and out at one node, as another one hears of it from Redis alone

use flagstaff_server::Clock;

use super::*;
use crate::redis::{Cache, writer_and_reader};
use crate::support::until;

#[tokio::test]
async fn signing_in_and_out_at_one_node_reaches_the_others_through_redis() {
    let cache = Cache::start();
    let (store, one, other) = writer_and_reader(&cache).await;
    let now = u64::try_from(Clock::System.now().as_millis()).unwrap();
    create_link(&*store, "watch", now).await;
    let watch = session(&exchange(&one, "watch").await.expect(204));
    // In the first round the other node may only just have begun to listen, and then it reads the database once.
    for round in 0..3 {
        let code = format!("code{round}");
        create_link(&*store, &code, now).await;
        let cookie = session(&exchange(&one, &code).await.expect(204));
        let is_known = async || {
            let sessions = with(other.get("/api/v1/sessions"), &watch).await;
            sessions.expect(200)["total"] == 2
        };
        until("the other node knows the session", is_known).await;
        with(other.get(ME), &cookie).await.expect(200);
        with(one.post(SIGN_OUT, ()), &cookie).await.expect(200);
        let is_refused = async || with(other.get(ME), &cookie).await.status == 401;
        until("the other node refuses the session", is_refused).await;
    }
    one.stop().await;
    other.stop().await;
}
