//! The admin API: load a configuration, read which one runs, end the process.
//!
//! A load is all or nothing: Caddy sets the new configuration up beside the running one, and what it cannot set up it
//! refuses, with the old one serving on. Parts of a configuration are never changed in place, because Caddy sets
//! everything up anew for the smallest change and the text would no longer be the one that we rendered.

use std::time::Duration;

use hyper::header::{CACHE_CONTROL, HeaderValue};
use hyper::{Method, StatusCode};
use serde_json::Value;

use crate::wire::{Answer, Limits, Question, ask};
use crate::{Endpoint, Error, Result};

/// An answer to whether anybody is there.
const PRESENCE: Limits = Limits { time: Duration::from_secs(1), bytes: 64 * 1024 };
const ORDINARY: Limits = Limits { time: Duration::from_secs(10), bytes: 64 * 1024 };
/// Whole configurations with their certificates: ten thousand routes are some 20 MB.
const WHOLE: Limits = Limits { time: Duration::from_secs(30), bytes: 256 * 1024 * 1024 };
const LOAD: Limits = Limits { time: Duration::from_secs(60), bytes: 64 * 1024 };

/// What is repeated of Caddy's words.
const MESSAGE_CHARS: usize = 4_000;

/// A client of one admin API.
#[derive(Debug, Clone)]
pub struct Admin {
    endpoint: Endpoint,
}

impl Admin {
    /// The API at an address as Caddy writes them: `127.0.0.1:2019`, `localhost:2019`, `unix//run/caddy.sock`.
    pub fn new(address: &str) -> Result<Self> {
        Ok(Self::at(address.parse()?))
    }

    /// The API at an endpoint.
    pub fn at(endpoint: Endpoint) -> Self {
        Self { endpoint }
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether a Caddy answers; asks for a second at most.
    pub async fn is_up(&self) -> bool {
        self.presence().await.is_ok()
    }

    /// Why nobody answers, if so; asks for a second at most.
    pub async fn presence(&self) -> Result<()> {
        // Answered whatever is loaded, and small.
        self.marker_within(PRESENCE).await.map(drop)
    }

    /// Makes Caddy run this configuration; one that it runs already is recognised and costs little.
    ///
    /// Requests under way are finished. New connections of the same moment may be reset, for Caddy listens anew and closes
    /// the old sockets with what is queued there; Linux hands that to the new ones with `net.ipv4.tcp_migrate_req=1`.
    /// WebSockets are ended, except from 2.7 on ([`crate::Config::version`]).
    ///
    /// # Errors
    /// [`Error::Refused`] with Caddy's words, and then it serves on as before. [`Error::Unreachable`] and
    /// [`Error::Timeout`], and then nobody knows whether it was taken: read the [`Admin::marker`].
    pub async fn load(&self, config: &Value) -> Result<()> {
        self.post_load(config, None).await
    }

    /// The same, and sets everything up anew even if this is what runs already.
    pub async fn load_anew(&self, config: &Value) -> Result<()> {
        self.post_load(config, Some((CACHE_CONTROL, HeaderValue::from_static("must-revalidate")))).await
    }

    /// Loads what is wanted unless it is what runs; tells whether it did.
    pub async fn load_if_changed(&self, wanted: &Value, current: &Value) -> Result<bool> {
        if wanted == current {
            return Ok(false);
        }
        self.load(wanted).await.map(|()| true)
    }

    /// The whole running configuration, private keys and all; `null` when there is none.
    pub async fn config(&self) -> Result<Value> {
        json("GET /config/", &accepted(self.get("/config/", WHOLE).await?)?)
    }

    /// The marker of the running configuration; nothing when it has none, and so is not from us.
    pub async fn marker(&self) -> Result<Option<String>> {
        self.marker_within(ORDINARY).await
    }

    /// The same from one that may not answer; asks for a second at most.
    pub async fn marker_within_second(&self) -> Result<Option<String>> {
        self.marker_within(PRESENCE).await
    }

    async fn marker_within(&self, limits: Limits) -> Result<Option<String>> {
        let answer = self.get(MARKER_PATH, limits).await?;
        if answer.status == StatusCode::NOT_FOUND && words(&answer).is_some() {
            return Ok(None);
        }
        let route = json("GET /id/…", &accepted(answer)?)?;
        Ok(route.pointer("/handle/0/marker").and_then(Value::as_str).map(str::to_owned))
    }

    /// Has Caddy end itself when its connections have ended.
    pub async fn stop(&self) -> Result<()> {
        let question = Question { method: Method::POST, path: "/stop", json: None, header: None };
        accepted(ask(&self.endpoint, question, ORDINARY).await?).map(drop)
    }

    async fn get(&self, path: &'static str, limits: Limits) -> Result<Answer> {
        let question = Question { method: Method::GET, path, json: None, header: None };
        ask(&self.endpoint, question, limits).await
    }

    async fn post_load(&self, config: &Value, header: Option<(hyper::header::HeaderName, HeaderValue)>) -> Result<()> {
        let question = Question { method: Method::POST, path: "/load", json: Some(config.to_string().into()), header };
        accepted(ask(&self.endpoint, question, LOAD).await?).map(drop)
    }
}

const MARKER_PATH: &str = "/id/plenum-marker";

/// The answer's body, or Caddy's refusal in its own words.
fn accepted(answer: Answer) -> Result<Answer> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    let message = words(&answer)
        .unwrap_or_else(|| format!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body).trim()));
    Err(Error::Refused { message: message.chars().take(MESSAGE_CHARS).collect() })
}

/// What Caddy says for itself; nothing when it is not Caddy that answers.
fn words(answer: &Answer) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    body.get("error")?.as_str().map(str::to_owned)
}

fn json(request: &str, answer: &Answer) -> Result<Value> {
    serde_json::from_slice(&answer.body)
        .map_err(|error| Error::Garbled { request: request.to_owned(), detail: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MARKER;

    #[test]
    fn the_marker_is_asked_for_where_it_is_rendered() {
        assert_eq!(MARKER_PATH, format!("/id/{MARKER}"));
    }

    #[test]
    fn a_refusal_repeats_caddys_words_and_no_more_than_that() {
        let say = |status, body: &str| {
            let answer = Answer { status, body: body.to_owned().into() };
            match accepted(answer) {
                Err(Error::Refused { message }) => message,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(say(StatusCode::BAD_REQUEST, r#"{"error":"loading: no"}"#), "loading: no");
        assert_eq!(say(StatusCode::FORBIDDEN, "nope\n"), "403 Forbidden: nope");
        assert_eq!(say(StatusCode::BAD_REQUEST, &format!(r#"{{"error":"{}"}}"#, "x".repeat(9_000))).len(), 4_000);
    }
}
