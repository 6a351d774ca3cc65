//! The outermost layer: names the request, logs and counts it, and writes every error answer.
//!
//! It is the one place that sees how each request ended, so it is the one place that logs errors (once, with the chain of
//! causes) and that puts their bodies into the conventions of the route's family.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use tokio::time::Instant;
use tracing::Instrument;

use super::error::{Error, Family};

/// The header that carries the request id back.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The name of one request, in its answer and in every log line about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    fn new() -> Self {
        let mut random = [0_u8; 16];
        if getrandom::fill(&mut random).is_err() {
            // The id only has to tell log lines apart; the counter of the fallback does that within this process.
            static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
            let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            random[8..].copy_from_slice(&next.to_be_bytes());
        }
        Self(hex::encode(random).into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names, times, logs and counts a request.
pub(super) async fn observe(mut request: Request, next: Next) -> Response {
    // Never taken from outside: a caller could make its lines look like somebody else's.
    let id = RequestId::new();
    request.headers_mut().remove(REQUEST_ID);
    request.extensions_mut().insert(id.clone());

    let method = request.method().clone();
    // The path without the query, which may hold credentials.
    let path = request.uri().path().to_owned();
    // `resolve` fills in the address, `admit` the actor.
    let span = tracing::info_span!(
        "request",
        id = id.as_str(),
        method = method.as_str(),
        path,
        ip = tracing::field::Empty,
        actor = tracing::field::Empty
    );
    let started = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let elapsed = started.elapsed();

    let family = response.extensions_mut().remove::<Family>().unwrap_or_default();
    let error = take_error(&mut response, &path);
    if let Some(error) = &error {
        response = rewritten(response, error, family, &id);
    }
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }

    let status = response.status();
    let route = response.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str).to_owned();
    span.in_scope(|| log(&method, status, elapsed.as_secs_f64() * 1000.0, error.as_ref()));
    metrics::counter!(
        "plenum_http_requests_total",
        "method" => method_label(&method),
        "route" => route,
        "status" => status.as_str().to_owned(),
    )
    .increment(1);
    metrics::histogram!("plenum_http_request_seconds").record(elapsed.as_secs_f64());
    response
}

/// A client may invent method names; each label value is a time series forever.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn log(method: &Method, status: StatusCode, ms: f64, error: Option<&Error>) {
    let (status, code) = (status.as_u16(), error.map_or("", Error::code));
    match (error.and_then(Error::chain), status) {
        (Some(cause), 500..) => tracing::error!(status, code, ms, cause, "request failed"),
        (None, 500..) => tracing::warn!(status, code, ms, "request failed"),
        (Some(cause), _) => tracing::debug!(status, code, ms, cause, "request refused"),
        (None, 400..) => tracing::debug!(status, code, ms, "request refused"),
        (None, _) if super::tier::is_read(method) => tracing::debug!(status, ms, "request"),
        (None, _) => tracing::info!(status, ms, "request"),
    }
}

/// The error that a handler or layer left, or one made up for a bare refusal of the framework's extractors, which answer
/// in plain text where the API promises JSON.
fn take_error(response: &mut Response, path: &str) -> Option<Error> {
    if let Some(error) = response.extensions_mut().remove::<Error>() {
        return Some(error);
    }
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || !path.starts_with("/api") {
        return None;
    }
    let plain = match response.headers().get(CONTENT_TYPE) {
        None => true,
        Some(value) => value.as_bytes().starts_with(b"text/plain"),
    };
    if !plain {
        return None;
    }
    Some(match status {
        StatusCode::NOT_FOUND => Error::not_found("api.notFound", "there is nothing here"),
        StatusCode::METHOD_NOT_ALLOWED => Error::method_not_allowed("this path does not take this method"),
        StatusCode::PAYLOAD_TOO_LARGE => Error::too_large(super::body::DEFAULT_BODY_LIMIT),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Error::unsupported_media_type("this route does not read such a body"),
        status if status.is_server_error() => Error::unavailable("api.unavailable", "this cannot be answered now"),
        _ => Error::invalid("api.badRequest", "the request is malformed"),
    })
}

/// Writes the error in the route's family, keeping the headers and extensions that inner layers added.
fn rewritten(response: Response, error: &Error, family: Family, id: &RequestId) -> Response {
    let mut fresh = error.render(family, Some(id.as_str()));
    let (parts, _) = response.into_parts();
    for (name, value) in &parts.headers {
        if name != http::header::CONTENT_LENGTH && !fresh.headers().contains_key(name) {
            fresh.headers_mut().append(name, value.clone());
        }
    }
    *fresh.extensions_mut() = parts.extensions;
    fresh
}

/// A handler that panicked, as the log sees it; the hook in `log` has reported the place.
#[derive(Debug, thiserror::Error)]
#[error("the handler panicked")]
struct Panicked;

/// Turns a panic into a 500. Inside `observe`, so that the answer has an id and a log line; outside everything that can
/// panic.
pub(super) async fn catch_panic(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_payload) => Error::internal(Panicked).into_response(),
    }
}
