//! Redis beside the database: announcements of commits, a copy with which a node can start without the database, and rate limits across
//! nodes
//!
//! Everything works without it: then nodes learn of commits from the database and by polling, start only when the database is reachable,
//! and apply rate limits each by itself.

use std::time::Duration;

use flagstaff_core::Timestamp;
use futures_util::StreamExt as _;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, Script};
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, Notify};

use crate::crypto::encryption::{DecryptError, EncryptionKeys};

mod cache;
pub mod cached_state;
mod rate_limits;
mod tasks;

pub(crate) use tasks::run;

/// Longer than any call takes except that of a large copy on a slow network
const CONNECT: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(10);
/// The minimum delay between two polls of the store caused by announcements
const PAUSE: Duration = Duration::from_millis(20);
/// How long a copy is kept after a node last signed it: 7 days
const KEPT_SECONDS: i64 = 7 * 86_400;

/// Sets fields of a hash if one of them still has the expected value; returns whether it did
const SET_IF: &str = "if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end \
     redis.call('HSET', KEYS[1], ARGV[1], ARGV[3], ARGV[4], ARGV[5]) return 1";

/// A Redis that all nodes of one database share
#[derive(Debug)]
pub struct Redis {
    client: Client,
    // All names contain the database's, so that several deployments can share one Redis.
    channel: String,
    hash: String,
    rates: String,
    // Encrypt the copy; without keys there is no copy.
    keys: EncryptionKeys,
    connection: Mutex<Option<MultiplexedConnection>>,
}

/// Why an operation on Redis failed
#[derive(Debug, thiserror::Error)]
pub(crate) enum CacheError {
    /// Redis returned an error or did not answer
    #[error("redis cannot be reached")]
    Redis(#[from] RedisError),
    /// The subscription ended
    #[error("redis closed the subscription")]
    Closed,
    /// The copy cannot be written or read
    #[error(transparent)]
    Copy(#[from] crate::redis::cached_state::Unreadable),
    /// The process is stopping
    #[error(transparent)]
    Ended(#[from] crate::runtime::offload::Ended),
    /// There are no encryption keys, without which a copy could not be distinguished from a forgery
    #[error("without `--encryption-keys` no copy is kept, and none is believed")]
    NoKeys,
    /// A part of the copy that was not written by a node with one of these keys
    #[error("the copy's `{part}` is not believed")]
    Decrypt {
        /// The name of the part
        part: String,
        /// The cause
        source: DecryptError,
    },
    /// Parts of the copy that do not belong together
    #[error("the copy's `{part}` is not of the state that the copy is said to be of")]
    Mixed {
        /// The name of the part
        part: String,
    },
    /// A copy that is older than any that nodes keep
    #[error("the copy is older than 7 days, as of {at}")]
    Old {
        /// When a node last signed it
        at: Timestamp,
    },
}

impl Redis {
    /// The Redis at `address` for the nodes of a database; `database` is the database's URL without its secrets
    pub fn new(address: &str, database: &str, keys: EncryptionKeys) -> Result<Self, RedisError> {
        let digest = hex::encode(Sha256::digest(database.as_bytes()));
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

    /// Tells the other nodes that this node committed something
    async fn announce(&self) -> Result<(), CacheError> {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(&self.channel).arg("");
        self.ask::<()>(&publish).await
    }

    /// Notifies the waiting task of each announcement; returns only with an error
    async fn hear(&self, announced: &Notify) -> Result<(), CacheError> {
        let subscribe = async {
            let mut subscription = self.client.get_async_pubsub().await?;
            subscription.subscribe(&self.channel).await?;
            Ok::<_, RedisError>(subscription)
        };
        let mut subscription = within(CONNECT, subscribe).await?;
        let mut messages = subscription.on_message();
        loop {
            // Once without a message: something may have been committed before this node listened.
            announced.notify_one();
            // Whoever has access to Redis can announce as often as they like: several announcements lead to one poll.
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

    /// One field of the copy
    async fn field(&self, name: &str) -> Result<Option<String>, CacheError> {
        let mut get = redis::cmd("HGET");
        get.arg(&self.hash).arg(name);
        self.ask(&get).await
    }

    /// Several fields of the copy, read together
    async fn fields<const N: usize>(
        &self,
        names: [&str; N],
    ) -> Result<[Option<Vec<u8>>; N], CacheError> {
        let mut get = redis::cmd("HMGET");
        get.arg(&self.hash).arg(&names[..]);
        self.ask(&get).await
    }

    /// Sets a part of the copy and its version, if its version is still the expected one
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
        self.drop_connection_on_error(done).await
    }

    /// Signs the copy as current, and extends its expiry
    async fn set_voucher(&self, encrypted: &[u8]) -> Result<(), CacheError> {
        let mut set = redis::cmd("HSET");
        set.arg(&self.hash).arg(VOUCHER).arg(encrypted);
        self.ask::<()>(&set).await?;
        let mut expire = redis::cmd("EXPIRE");
        expire.arg(&self.hash).arg(KEPT_SECONDS);
        self.ask::<()>(&expire).await
    }

    /// Checks that Redis answers
    async fn ping(&self) -> Result<(), CacheError> {
        self.ask(&redis::cmd("PING")).await
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, CacheError> {
        let mut connection = self.connection().await?;
        let answer = within(ANSWER, command.query_async(&mut connection)).await;
        self.drop_connection_on_error(answer).await
    }

    /// The connection that all calls share
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

    /// Drops the connection after an error, so that the next call opens a new one
    async fn drop_connection_on_error<T>(
        &self,
        answer: Result<T, RedisError>,
    ) -> Result<T, CacheError> {
        if answer.is_err() {
            *self.connection.lock().await = None;
        }
        Ok(answer?)
    }
}

/// The field that says when a node last signed the copy, and the least versions of its parts
const VOUCHER: &str = "voucher";

/// The field with the version of a part
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
