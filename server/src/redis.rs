//! Redis beside the database: announcements of commits, a copy of everything that a node needs to start without the database, and
//! rate limits over all nodes
//!
//! Nothing depends on it: without it, or while it is down, nodes hear of commits from the database and by looking, start when the
//! database is there, and limit by what they know themselves.

use std::time::Duration;

use flagstaff_core::Timestamp;
use futures_util::StreamExt as _;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, Script};
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, Notify};

use crate::auth::hex;
use crate::encryption::{DecryptError, EncryptionKeys};

mod keep;
mod share;
mod spare;

pub use keep::keep;

/// Longer than anything takes but a large copy on a slow network
const CONNECT: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(10);
/// Between two looks at the store for what is announced here
const PAUSE: Duration = Duration::from_millis(20);
/// How long a copy is kept after the last node that could vouch for it: 7 days
const KEPT_SECONDS: i64 = 7 * 86_400;

/// Sets fields of a hash if one of them is still what it was, and says whether it was
const SET_IF: &str = "if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end \
     redis.call('HSET', KEYS[1], ARGV[1], ARGV[3], ARGV[4], ARGV[5]) return 1";

/// A Redis that all nodes of one database share
#[derive(Debug)]
pub struct Redis {
    client: Client,
    // Deployments on one Redis must not meet, so all names have the database's in them.
    channel: String,
    hash: String,
    rates: String,
    // What the copy is encrypted with, without which there is none.
    keys: EncryptionKeys,
    connection: Mutex<Option<MultiplexedConnection>>,
}

/// Why Redis did not do it
#[derive(Debug, thiserror::Error)]
pub(crate) enum CacheError {
    /// It said so, or did not answer
    #[error("redis cannot be reached")]
    Redis(#[from] RedisError),
    /// The subscription ended
    #[error("redis closed the subscription")]
    Closed,
    /// What is to be kept cannot be written, or what is there cannot be read
    #[error(transparent)]
    Copy(#[from] crate::copy::Unreadable),
    /// The process ends
    #[error(transparent)]
    Ended(#[from] crate::offload::Ended),
    /// Nobody could tell a copy from what somebody else has written
    #[error("without `--encryption-keys` no copy is kept, and none is believed")]
    NoKeys,
    /// A part of the copy that no node has written, or not with these keys
    #[error("the copy's `{part}` is not believed")]
    Decrypt {
        /// Its name
        part: String,
        /// Why
        source: DecryptError,
    },
    /// Parts of the copy that were not there at the same time
    #[error("the copy's `{part}` is not of the state that the copy is said to be of")]
    Mixed {
        /// Its name
        part: String,
    },
    /// A copy that somebody has kept for longer than nodes keep it
    #[error("the copy is older than 7 days, as of {at}")]
    Old {
        /// When a node last vouched for it
        at: Timestamp,
    },
}

impl Redis {
    /// The Redis at an address, for the nodes of the database at another one, which is given without what is secret in it
    pub fn new(address: &str, database: &str, keys: EncryptionKeys) -> Result<Self, RedisError> {
        let digest = hex(&Sha256::digest(database.as_bytes()));
        let name = digest.get(..16).unwrap_or_default();
        Ok(Self {
            client: Client::open(address)?,
            channel: format!("flagstaff:{name}:committed"),
            hash: format!("flagstaff:{name}:encrypted-copy"),
            rates: format!("flagstaff:{name}:rate:"),
            keys,
            connection: Mutex::new(None),
        })
    }

    /// Tells the other nodes that something was committed
    async fn announce(&self) -> Result<(), CacheError> {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(&self.channel).arg("");
        self.ask::<()>(&publish).await
    }

    /// Wakes whoever waits for an announcement, for each one; ends only with an error
    async fn hear(&self, announced: &Notify) -> Result<(), CacheError> {
        let subscribe = async {
            let mut subscription = self.client.get_async_pubsub().await?;
            subscription.subscribe(&self.channel).await?;
            Ok::<_, RedisError>(subscription)
        };
        let mut subscription = within(CONNECT, subscribe).await?;
        let mut messages = subscription.on_message();
        loop {
            // Once more than there are messages: for what was committed before anybody listened.
            announced.notify_one();
            // Anybody who is let into Redis can announce anything any number of times: then one look is for many of them.
            let mut was_announced = false;
            let pause = tokio::time::sleep(PAUSE);
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    () = &mut pause, if !pause.is_elapsed() => {}
                    message = messages.next() => {
                        message.ok_or(CacheError::Closed)?;
                        was_announced = true;
                    }
                }
                if was_announced && pause.is_elapsed() {
                    break;
                }
            }
        }
    }

    /// A field of the copy
    async fn field(&self, name: &str) -> Result<Option<String>, CacheError> {
        let mut get = redis::cmd("HGET");
        get.arg(&self.hash).arg(name);
        self.ask(&get).await
    }

    /// Fields of the copy as they are together at one instant
    async fn fields<const N: usize>(
        &self,
        names: [&str; N],
    ) -> Result<[Option<Vec<u8>>; N], CacheError> {
        let mut get = redis::cmd("HMGET");
        get.arg(&self.hash).arg(&names[..]);
        self.ask(&get).await
    }

    /// Sets a part of the copy and its version, if its version is still the one that was seen
    async fn set(
        &self,
        part: &str,
        seen: Option<&str>,
        version: &str,
        encrypted: &[u8],
    ) -> Result<(), CacheError> {
        let script = Script::new(SET_IF);
        let mut call = script.key(&self.hash);
        call.arg(version_of(part))
            .arg(seen.unwrap_or_default())
            .arg(version)
            .arg(part)
            .arg(encrypted);
        let mut connection = self.connection().await?;
        let done = within(ANSWER, call.invoke_async::<()>(&mut connection)).await;
        self.note(done).await
    }

    /// Sets by which the copy is vouched for, and keeps it for so much longer
    async fn set_voucher(&self, encrypted: &[u8]) -> Result<(), CacheError> {
        let mut set = redis::cmd("HSET");
        set.arg(&self.hash).arg(VOUCHER).arg(encrypted);
        self.ask::<()>(&set).await?;
        let mut expire = redis::cmd("EXPIRE");
        expire.arg(&self.hash).arg(KEPT_SECONDS);
        self.ask::<()>(&expire).await
    }

    /// Whether it answers
    async fn ping(&self) -> Result<(), CacheError> {
        self.ask(&redis::cmd("PING")).await
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, CacheError> {
        let mut connection = self.connection().await?;
        let answer = within(ANSWER, command.query_async(&mut connection)).await;
        self.note(answer).await
    }

    /// The connection that all questions go over
    async fn connection(&self) -> Result<MultiplexedConnection, RedisError> {
        let mut held = self.connection.lock().await;
        if let Some(connection) = &*held {
            return Ok(connection.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        let connect = self
            .client
            .get_multiplexed_async_connection_with_config(&config);
        let connection = within(CONNECT, connect).await?;
        *held = Some(connection.clone());
        Ok(connection)
    }

    /// After an error the next question goes over a new connection
    async fn note<T>(&self, answer: Result<T, RedisError>) -> Result<T, CacheError> {
        if answer.is_err() {
            *self.connection.lock().await = None;
        }
        Ok(answer?)
    }
}

/// The field that says when a node last vouched for the copy, and of which versions its parts are at least
const VOUCHER: &str = "voucher";

/// The field of a part's version
fn version_of(part: &str) -> String {
    format!("version:{part}")
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, RedisError>>,
) -> Result<T, RedisError> {
    let late = || RedisError::from((redis::ErrorKind::Io, "it did not answer in time"));
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(late()))
}
