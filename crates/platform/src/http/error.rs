//! What a handler returns when it cannot do what was asked, and the one place that writes it down.
//!
//! An [`Error`] knows its outcome (class, status, stable code) and a message for the caller. What went wrong inside is kept
//! apart as `cause`: it goes to the log together with the request id, never into the body. How the body looks depends
//! on the family of the route (`Family`), so handlers of every family return the same type.

use std::error::Error as StdError;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The outcomes that a caller can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Validation,
    Auth,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Timeout,
    Conflict,
    PreconditionFailed,
    PayloadTooLarge,
    UnsupportedMediaType,
    RateLimited,
    Haproxy,
    Unavailable,
    Internal,
}

impl Class {
    /// The name in the body's `error`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Validation => "ValidationError",
            Self::Auth => "AuthError",
            Self::Forbidden => "ForbiddenError",
            Self::NotFound => "NotFoundError",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::Timeout => "RequestTimeout",
            Self::Conflict => "ConflictError",
            Self::PreconditionFailed => "PreconditionFailed",
            Self::PayloadTooLarge => "PayloadTooLarge",
            Self::UnsupportedMediaType => "UnsupportedMediaType",
            Self::RateLimited => "RateLimited",
            Self::Haproxy => "HaproxyError",
            Self::Unavailable => "Unavailable",
            Self::Internal => "InternalError",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Validation => StatusCode::BAD_REQUEST,
            Self::Auth => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Haproxy => StatusCode::BAD_GATEWAY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Whose conventions an error body follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// `{error: "<Class>", message, code, issues?, output?, hints?}`
    #[default]
    Edge,
    /// `{error: "<message>", code}`, and for a missing role `{error: "INSUFFICIENT_ROLE", message, required}`
    Fleet,
    /// `{error: "<message>", detail: "<message>"}`
    Mesh,
}

/// A refused or failed request.
#[derive(Clone)]
pub struct Error(Box<Parts>);

#[derive(Clone)]
struct Parts {
    class: Class,
    status: StatusCode,
    code: &'static str,
    message: String,
    /// The role that would have been enough.
    required: Option<&'static str>,
    issues: Option<Value>,
    output: Option<String>,
    hints: Option<Value>,
    extra: Map<String, Value>,
    headers: HeaderMap,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    fn new(class: Class, code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            class,
            status: class.status(),
            code,
            message: message.into(),
            required: None,
            issues: None,
            output: None,
            hints: None,
            extra: Map::new(),
            headers: HeaderMap::new(),
            cause: None,
        }))
    }

    /// 400: a field is missing, malformed or out of range.
    #[must_use]
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Class::Validation, code, message)
    }

    /// 422: a document breaks its schema; every issue is listed.
    #[must_use]
    pub fn issues(code: &'static str, message: impl Into<String>, issues: impl Serialize) -> Self {
        let mut error = Self::new(Class::Validation, code, message);
        error.0.status = StatusCode::UNPROCESSABLE_ENTITY;
        error.0.issues = to_value(issues);
        error
    }

    /// 422: everything was understood, and cannot be.
    #[must_use]
    pub fn unprocessable(code: &'static str, message: impl Into<String>) -> Self {
        let mut error = Self::new(Class::Validation, code, message);
        error.0.status = StatusCode::UNPROCESSABLE_ENTITY;
        error
    }

    /// 401: there is no credential, or it is not good.
    #[must_use]
    pub fn unauthenticated(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Class::Auth, code, message)
    }

    /// 403: the caller is known and may not.
    #[must_use]
    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Class::Forbidden, code, message)
    }

    /// 403: the caller is known and its role is too low.
    #[must_use]
    pub fn role_required(role: &'static str) -> Self {
        let mut error = Self::new(Class::Forbidden, "auth.roleRequired", format!("this needs the role {role}"));
        error.0.required = Some(role);
        error
    }

    /// 404: there is no such thing.
    #[must_use]
    pub fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Class::NotFound, code, message)
    }

    /// 405: the path exists, this method on it does not.
    #[must_use]
    pub fn method_not_allowed(message: impl Into<String>) -> Self {
        Self::new(Class::MethodNotAllowed, "api.methodNotAllowed", message)
    }

    /// 408: the rest of the body did not arrive in time.
    #[must_use]
    pub fn body_timeout() -> Self {
        Self::new(Class::Timeout, "api.bodyTimeout", "the rest of the body did not arrive in time; nothing was done")
    }

    /// 409: it cannot be done in the present state of things.
    #[must_use]
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Class::Conflict, code, message)
    }

    /// 412: the caller's idea of the current version is out of date. Carries the current one.
    #[must_use]
    pub fn precondition_failed(message: impl Into<String>, current_etag: &str) -> Self {
        let error = Self::new(Class::PreconditionFailed, "api.preconditionFailed", message);
        match HeaderValue::from_str(current_etag) {
            Ok(value) => error.with_header(http::header::ETAG, value).with_extra("etag", current_etag),
            Err(_) => error,
        }
    }

    /// 413: the body is larger than this route takes.
    #[must_use]
    pub fn too_large(limit_bytes: usize) -> Self {
        let message = format!("the body is larger than the {limit_bytes} bytes that this route takes");
        Self::new(Class::PayloadTooLarge, "api.payloadTooLarge", message)
    }

    /// 415: the body is of a kind that this route does not read.
    #[must_use]
    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(Class::UnsupportedMediaType, "api.unsupportedMediaType", message)
    }

    /// 429: too many requests; the caller may come back after `retry_after_seconds`.
    #[must_use]
    pub fn rate_limited(retry_after_seconds: u64) -> Self {
        Self::new(
            Class::RateLimited,
            "api.rateLimited",
            format!("too many requests; try again in {retry_after_seconds} s"),
        )
        .with_header(http::header::RETRY_AFTER, HeaderValue::from(retry_after_seconds))
    }

    /// 502: HAProxy refused; its own words and what they mean.
    #[must_use]
    pub fn haproxy(
        code: &'static str,
        message: impl Into<String>,
        output: Option<String>,
        hints: impl Serialize,
    ) -> Self {
        let mut error = Self::new(Class::Haproxy, code, message);
        error.0.output = output.filter(|output| !output.is_empty());
        error.0.hints = to_value(hints);
        error
    }

    /// 503: something that this needs is not there right now; the same request may succeed later.
    #[must_use]
    pub fn unavailable(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Class::Unavailable, code, message)
    }

    /// 500: something failed that should not. The cause is logged; the caller only learns where to look.
    #[must_use]
    pub fn internal(cause: impl StdError + Send + Sync + 'static) -> Self {
        Self::new(
            Class::Internal,
            "api.internalError",
            "an unexpected error; the server's log has the details under the request id in this answer",
        )
        .with_cause(cause)
    }

    /// Keeps what went wrong inside, for the log.
    #[must_use]
    pub fn with_cause(mut self, cause: impl StdError + Send + Sync + 'static) -> Self {
        self.0.cause = Some(Arc::new(cause));
        self
    }

    /// Adds a response header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// Adds a field to the body.
    #[must_use]
    pub fn with_extra(mut self, name: &str, value: impl Serialize) -> Self {
        if let Some(value) = to_value(value) {
            self.0.extra.insert(name.to_owned(), value);
        }
        self
    }

    /// The outcome.
    #[must_use]
    pub fn class(&self) -> Class {
        self.0.class
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The text for the caller.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The chain of causes on one line, for the log.
    #[must_use]
    pub fn chain(&self) -> Option<String> {
        let mut cause: &dyn StdError = self.0.cause.as_deref()?;
        let mut text = cause.to_string();
        while let Some(next) = cause.source() {
            text.push_str(": ");
            text.push_str(&next.to_string());
            cause = next;
        }
        Some(text)
    }

    /// The body in the conventions of a family.
    #[must_use]
    pub fn body(&self, family: Family, request_id: Option<&str>) -> Value {
        let parts = &self.0;
        let mut body = match family {
            Family::Edge => json!({
                "error": parts.class.name(),
                "message": parts.message,
                "code": parts.code,
            }),
            Family::Fleet => match parts.required {
                Some(role) => json!({
                    "error": "INSUFFICIENT_ROLE",
                    "message": parts.message,
                    "required": role,
                }),
                None => json!({ "error": parts.message, "code": parts.code }),
            },
            Family::Mesh => json!({ "error": parts.message, "detail": parts.message, "code": parts.code }),
        };
        if let Value::Object(fields) = &mut body {
            let required = parts.required.filter(|_| family == Family::Edge).map(Value::from);
            let details = [
                ("required", required),
                ("issues", parts.issues.clone()),
                ("output", parts.output.clone().map(Value::from)),
                ("hints", parts.hints.clone()),
            ];
            for (name, value) in details {
                if let Some(value) = value {
                    fields.insert(name.to_owned(), value);
                }
            }
            fields.extend(parts.extra.clone());
            if let (true, Some(id)) = (parts.status.is_server_error(), request_id) {
                fields.insert("requestId".to_owned(), id.into());
            }
        }
        body
    }

    /// The whole response in the conventions of a family.
    #[must_use]
    pub fn render(&self, family: Family, request_id: Option<&str>) -> Response {
        let mut response = Response::new(Body::from(self.body(family, request_id).to_string()));
        // The mesh family has one status for everything that is wrong with a request.
        *response.status_mut() = match (family, self.status()) {
            (Family::Mesh, StatusCode::BAD_REQUEST) => StatusCode::UNPROCESSABLE_ENTITY,
            (_, status) => status,
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.extend(self.0.headers.clone());
        response
    }
}

/// Lists that are empty say nothing and are left out.
fn to_value(value: impl Serialize) -> Option<Value> {
    match serde_json::to_value(value) {
        Ok(Value::Null) => None,
        Ok(Value::Array(items)) if items.is_empty() => None,
        Ok(value) => Some(value),
        Err(error) => {
            tracing::error!(error = %error, "a part of an error answer cannot be written as JSON and is left out");
            None
        }
    }
}

impl IntoResponse for Error {
    /// Renders in the edge family and leaves the error in the response's extensions, where the outermost layer finds it
    /// to log it, and to write it again when the route belongs to another family.
    fn into_response(self) -> Response {
        let mut response = self.render(Family::Edge, None);
        response.extensions_mut().insert(self);
        response
    }
}

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Error")
            .field("status", &self.0.status)
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("cause", &self.chain())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}
