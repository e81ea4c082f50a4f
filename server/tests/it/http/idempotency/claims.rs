//! Claims of idempotency keys through the port of the store, on both databases

use flagstaff_core::Timestamp;
use flagstaff_server::store::{
    Author, Claim, ClaimResult, IdempotencyStore as _, NewClaim, NewEnvironments, Origin,
    ProjectChoice, SqlStore, Store as _, StoreError,
};

use crate::support::Database;

fn claim(id: &str) -> Claim {
    Claim {
        scope: "admin".into(),
        key: "1".into(),
        id: id.into(),
    }
}

fn attempt(id: &str, at: i64) -> NewClaim {
    NewClaim {
        claim: claim(id),
        fingerprint: "same".to_owned(),
        at: Timestamp::from_millis(at),
        expires_at: Timestamp::from_millis(at.saturating_add(1_000)),
        abandoned_before: Timestamp::from_millis(at.saturating_sub(100)),
        most: 2,
    }
}

async fn write(store: &SqlStore, id: &str, name: &str) -> Result<(), StoreError> {
    let origin = Origin {
        claim: Some(claim(id)),
        ..Origin::default()
    };
    let author = Author {
        actor: "tester".into(),
        at: Timestamp::from_millis(0),
        reason: None,
        origin,
    };
    let new = NewEnvironments {
        project: ProjectChoice::Existing(1),
        names: vec![name.to_owned()],
        author,
    };
    store.create_environments(new).await
}

#[tokio::test]
async fn a_crash_between_a_write_and_its_response_never_applies_it_twice() {
    for database in Database::both().await {
        let store = database.open().await;
        assert_eq!(
            store.claim(attempt("one", 0)).await.unwrap(),
            ClaimResult::Mine
        );
        write(&store, "one", "a").await.unwrap();
        // Much later there is still no response.
        let later = store.claim(attempt("two", 500)).await.unwrap();
        assert_eq!(later, ClaimResult::Applied);
        for id in ["one", "two"] {
            let twice = write(&store, id, "b").await;
            assert!(matches!(twice, Err(StoreError::Superseded)), "{twice:?}");
        }
        store.release(&claim("one")).await.unwrap();
        let later = store.claim(attempt("two", 500)).await.unwrap();
        assert_eq!(
            later,
            ClaimResult::Applied,
            "what is applied is not released"
        );
        let names = store.environments().await.unwrap();
        assert!(names.iter().all(|row| &*row.name != "b"));
    }
}

#[tokio::test]
async fn an_abandoned_attempt_is_taken_over_and_cannot_write_later() {
    for database in Database::both().await {
        let store = database.open().await;
        assert_eq!(
            store.claim(attempt("one", 0)).await.unwrap(),
            ClaimResult::Mine
        );
        let soon = store.claim(attempt("two", 50)).await.unwrap();
        let since = Timestamp::from_millis(0);
        assert_eq!(soon, ClaimResult::UnderWay { since });
        let late = store.claim(attempt("two", 200)).await.unwrap();
        assert_eq!(late, ClaimResult::Mine);
        let back = write(&store, "one", "a").await;
        assert!(matches!(back, Err(StoreError::Superseded)), "{back:?}");
        write(&store, "two", "a").await.unwrap();
        store
            .store_response(&claim("one"), "late".to_owned())
            .await
            .unwrap();
        store
            .store_response(&claim("two"), "response".to_owned())
            .await
            .unwrap();
        let answered = store.claim(attempt("three", 300)).await.unwrap();
        assert_eq!(answered, ClaimResult::Answered("response".to_owned()));
    }
}

#[tokio::test]
async fn a_renewed_lease_is_not_taken_over() {
    for database in Database::both().await {
        let store = database.open().await;
        assert_eq!(
            store.claim(attempt("one", 0)).await.unwrap(),
            ClaimResult::Mine
        );
        let at = Timestamp::from_millis(90);
        assert!(store.renew(&claim("one"), at).await.unwrap());
        // A node whose clock is slow does not shorten the lease.
        let earlier = Timestamp::from_millis(10);
        assert!(store.renew(&claim("one"), earlier).await.unwrap());
        assert!(!store.renew(&claim("two"), at).await.unwrap());
        let second = store.claim(attempt("two", 150)).await.unwrap();
        assert_eq!(second, ClaimResult::UnderWay { since: at });
        let late = store.claim(attempt("two", 200)).await.unwrap();
        assert_eq!(late, ClaimResult::Mine);
        let back = store.renew(&claim("one"), at).await.unwrap();
        assert!(!back, "its claim was taken");
        write(&store, "two", "a").await.unwrap();
        let applied = store.renew(&claim("two"), at).await.unwrap();
        assert!(!applied, "there is nothing to wait for");
    }
}

#[tokio::test]
async fn a_token_has_a_maximum_of_idempotency_keys_until_they_expire() {
    for database in Database::both().await {
        let store = database.open().await;
        let with = |key: &str, at: i64| {
            let mut new = attempt("one", at);
            new.claim.key = key.into();
            new
        };
        for key in ["1", "2"] {
            assert_eq!(store.claim(with(key, 0)).await.unwrap(), ClaimResult::Mine);
        }
        for _ in 0..2 {
            let more = store.claim(with("3", 10)).await.unwrap();
            assert_eq!(more, ClaimResult::TooMany);
        }
        assert_eq!(
            store.claim(with("3", 1_000)).await.unwrap(),
            ClaimResult::Mine
        );
    }
}
