//! Rate limits: fixed windows per budget and client, bounded in memory, and for sign-in attempts kept in the store.
//!
//! Who the client is, which budget a route belongs to and how a refusal looks is the HTTP kit's business. A window starts
//! with the first request in it. A client that is not in the table any more because it was full starts anew; that table
//! holds tens of thousands, and budgets of sign-in attempts are read back from the store.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::clock;
use crate::db::{Db, Error};
use crate::on_db;

const SHARDS: usize = 16;
const CLIENTS_PER_SHARD: usize = 2_000;
const AUTH: &str = "auth";

/// The budget a request counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Attempts to sign in or to change a password. Survives a restart.
    Auth,
    /// Requests that change something.
    Write,
    /// Requests that only read.
    Read,
}

/// How many requests in how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Requests per window.
    pub max: u32,
    /// The length of a window.
    pub window: SignedDuration,
}

/// The answer to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may go on.
    pub allowed: bool,
    /// Requests per window.
    pub limit: u32,
    /// Requests left in this window.
    pub remaining: u32,
    /// Seconds until the window ends, at least 1.
    pub reset: u64,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    start: i64,
    hits: u32,
}

/// Windows of one budget, by client.
#[derive(Debug)]
pub struct Windows {
    shards: Vec<Mutex<HashMap<String, Window>>>,
    most: usize,
}

impl Windows {
    /// Windows for about `clients` clients at a time.
    pub fn new(clients: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, most: clients.div_ceil(SHARDS) }
    }

    /// Counts one request.
    pub fn take(&self, client: &str, rule: &Rule, now: Timestamp) -> Decision {
        self.count(client, rule, now).0
    }

    fn count(&self, client: &str, rule: &Rule, now: Timestamp) -> (Decision, Window) {
        let now = clock::micros(now);
        let length = length_of(rule);
        let mut shard = self.shard(client).lock().unwrap_or_else(PoisonError::into_inner);
        if !shard.contains_key(client) {
            if shard.len() >= self.most {
                make_room(&mut shard, now, length, self.most);
            }
            shard.insert(client.to_owned(), Window { start: now, hits: 0 });
        }
        let Some(window) = shard.get_mut(client) else {
            return (decide(rule, Window { start: now, hits: 1 }, now), Window { start: now, hits: 1 });
        };
        if now.saturating_sub(window.start) >= length {
            *window = Window { start: now, hits: 0 };
        } else if window.start > now {
            // The clock jumped back. The count stays, and the window is not stretched by the jump.
            window.start = now;
        }
        window.hits = window.hits.saturating_add(1);
        (decide(rule, *window, now), *window)
    }

    /// Takes over what is stored where it is more than what is known here.
    fn raise(&self, client: &str, stored: Window) {
        let mut shard = self.shard(client).lock().unwrap_or_else(PoisonError::into_inner);
        let window = shard.entry(client.to_owned()).or_insert(stored);
        if stored.start == window.start {
            window.hits = window.hits.max(stored.hits);
        } else if stored.start < window.start && stored.hits > window.hits {
            *window = stored;
        }
    }

    fn shard(&self, client: &str) -> &Mutex<HashMap<String, Window>> {
        let mut hasher = DefaultHasher::new();
        client.hash(&mut hasher);
        &self.shards[(hasher.finish() as usize) % SHARDS]
    }

    /// Clients that are counted now.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// Whether nobody is counted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn length_of(rule: &Rule) -> i64 {
    crate::identity::micros_of(rule.window).max(1)
}

fn decide(rule: &Rule, window: Window, now: i64) -> Decision {
    let left = window.start.saturating_add(length_of(rule)).saturating_sub(now).max(1);
    Decision {
        allowed: window.hits <= rule.max,
        limit: rule.max,
        remaining: rule.max.saturating_sub(window.hits),
        reset: left.unsigned_abs().div_ceil(1_000_000),
    }
}

/// Drops windows that are over; if none are, the fuller half stays, because those are the clients worth watching.
fn make_room(shard: &mut HashMap<String, Window>, now: i64, length: i64, most: usize) {
    shard.retain(|_, window| now.saturating_sub(window.start) < length);
    if shard.len() >= most {
        let mut hits: Vec<u32> = shard.values().map(|window| window.hits).collect();
        hits.sort_unstable();
        let middle = hits[hits.len() / 2];
        let mut to_drop = shard.len() / 2;
        shard.retain(|_, window| {
            let drop = window.hits <= middle && to_drop > 0;
            to_drop -= usize::from(drop);
            !drop
        });
    }
}

/// All budgets of the HTTP listeners. Clones share them.
#[derive(Debug, Clone)]
pub struct Limits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    db: Db,
    auth: Windows,
    write: Windows,
    read: Windows,
}

impl Limits {
    /// Starts with the sign-in attempts that are still counted in the store.
    pub async fn open(db: &Db) -> Result<Self, Error> {
        let windows = || Windows::new(SHARDS * CLIENTS_PER_SHARD);
        let limits = Shared { auth: windows(), write: windows(), read: windows(), db: db.clone() };
        let most = (SHARDS * CLIENTS_PER_SHARD) as i64;
        let stored: Vec<(String, i64, i64)> = on_db!(db, c =>
            sqlx::query_as(
                "SELECT client, window_start, hits FROM rate_limits WHERE tier = $1 ORDER BY window_start DESC LIMIT $2",
            )
            .bind(AUTH).bind(most).fetch_all(c).await)?;
        for (client, start, hits) in stored {
            limits.auth.raise(&client, Window { start, hits: u32::try_from(hits).unwrap_or(u32::MAX) });
        }
        Ok(Self(Arc::new(limits)))
    }

    /// Counts one request of `client` (see [`client_key`]) against a tier.
    ///
    /// Only a sign-in attempt that is within its budget touches the store: a flood costs a look into memory. When the store
    /// cannot be written, counting goes on in memory.
    pub async fn take(&self, tier: Tier, client: &str, rule: &Rule) -> Decision {
        let now = self.0.db.clock().now();
        match tier {
            Tier::Write => self.0.write.take(client, rule, now),
            Tier::Read => self.0.read.take(client, rule, now),
            Tier::Auth => {
                let (decision, window) = self.0.auth.count(client, rule, now);
                if !decision.allowed {
                    return decision;
                }
                match self.0.store(client, window, clock::micros(now), length_of(rule)).await {
                    // Another node of a shared store may have counted, too.
                    Ok(stored) if stored.hits > window.hits => {
                        self.0.auth.raise(client, stored);
                        decide(rule, stored, clock::micros(now))
                    }
                    Ok(_) => decision,
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(
                            error,
                            "sign-in attempts are counted in memory only: the store cannot be written"
                        );
                        decision
                    }
                }
            }
        }
    }

    /// Removes stored windows that began more than a day ago.
    pub async fn remove_expired(&self) -> Result<u64, Error> {
        let mut tx = self.0.db.begin().await?;
        let over = tx.now_micros().saturating_sub(crate::identity::micros_of(SignedDuration::from_hours(24)));
        let removed = on_db!(tx, c => {
            sqlx::query("DELETE FROM rate_limits WHERE window_start <= $1").bind(over).execute(c).await?.rows_affected()
        });
        tx.commit().await?;
        Ok(removed)
    }
}

impl Shared {
    async fn store(&self, client: &str, window: Window, now: i64, length: i64) -> Result<Window, Error> {
        let mut tx = self.db.begin().await?;
        let (start, hits): (i64, i64) = on_db!(tx, c => {
            sqlx::query_as(
                "INSERT INTO rate_limits (tier, client, window_start, hits) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (tier, client) DO UPDATE SET
                   hits = CASE WHEN rate_limits.window_start > $5 AND rate_limits.window_start <= $6
                               THEN CASE WHEN rate_limits.hits + 1 > $4 THEN rate_limits.hits + 1 ELSE $4 END ELSE $4 END,
                   window_start = CASE WHEN rate_limits.window_start > $5 AND rate_limits.window_start <= $6
                               THEN rate_limits.window_start ELSE $3 END
                 RETURNING window_start, hits",
            )
            .bind(AUTH).bind(client).bind(window.start).bind(i64::from(window.hits))
            .bind(now.saturating_sub(length)).bind(now)
            .fetch_one(c).await?
        });
        tx.commit().await?;
        Ok(Window { start, hits: u32::try_from(hits).unwrap_or(u32::MAX) })
    }
}

/// The name under which an address is counted: one IPv4 address, or one IPv6 network of the size a single client gets.
pub fn client_key(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let s = ip.segments();
            format!("{:x}:{:x}:{:x}:{:x}::/64", s[0], s[1], s[2], s[3])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    const RULE: Rule = Rule { max: 3, window: SignedDuration::from_secs(60) };

    #[test]
    fn a_window_counts_down_refuses_and_starts_anew() {
        let windows = Windows::new(100);
        for left in [2, 1, 0] {
            let decision = windows.take("a", &RULE, at(0));
            assert_eq!((decision.allowed, decision.remaining, decision.reset), (true, left, 60));
        }
        let refused = windows.take("a", &RULE, at(50));
        assert_eq!((refused.allowed, refused.remaining, refused.reset), (false, 0, 10));
        assert!(windows.take("b", &RULE, at(50)).allowed);
        assert!(windows.take("a", &RULE, at(60)).allowed);
    }

    #[test]
    fn f15_a_clock_that_jumps_back_neither_frees_nor_locks_out() {
        let windows = Windows::new(100);
        for _ in 0..4 {
            windows.take("a", &RULE, at(0));
        }
        let back = windows.take("a", &RULE, at(-365 * 86_400));
        assert!(!back.allowed);
        assert_eq!(back.reset, 60);
        assert!(windows.take("a", &RULE, at(-365 * 86_400 + 61)).allowed);
    }

    #[test]
    fn memory_stays_bounded_and_busy_clients_stay_known() {
        let windows = Windows::new(160);
        for _ in 0..5 {
            windows.take("busy", &RULE, at(0));
        }
        for n in 0..10_000 {
            windows.take(&format!("client-{n}"), &RULE, at(1));
        }
        assert!(windows.len() <= 160, "{}", windows.len());
        assert!(!windows.take("busy", &RULE, at(2)).allowed);
    }

    #[test]
    fn v14_addresses_of_one_client_share_a_key() {
        let key = |text: &str| client_key(text.parse().unwrap());
        assert_eq!(key("192.0.2.1"), "192.0.2.1");
        assert_eq!(key("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    }
}
