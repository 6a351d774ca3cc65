//! Why a request is refused, as a problem document (RFC 7807) with a type of RFC 8555 section 6.7.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use platform::db;
use serde_json::{Value, json};

use super::jwk::ALGORITHMS;
use crate::ca::CaError;

const TYPES: &str = "urn:ietf:params:acme:error:";

/// A refusal. The texts are for the people who read the client's log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Problem {
    kind: &'static str,
    status: StatusCode,
    detail: String,
    headers: Vec<(header::HeaderName, String)>,
    subproblems: Vec<Value>,
}

impl Problem {
    fn new(kind: &'static str, status: StatusCode, detail: impl Into<String>) -> Self {
        Self { kind, status, detail: detail.into(), headers: Vec::new(), subproblems: Vec::new() }
    }

    /// The request is not what it should be.
    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new("malformed", StatusCode::BAD_REQUEST, detail)
    }

    /// There is no such thing, or it is somebody else's: nobody learns which.
    pub(super) fn unknown(what: &str) -> Self {
        Self::new("malformed", StatusCode::NOT_FOUND, format!("this account has no such {what}"))
    }

    /// A method or content type that is never right here.
    pub(super) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    pub(super) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new("unauthorized", StatusCode::FORBIDDEN, detail)
    }

    pub(super) fn bad_nonce(detail: &str) -> Self {
        Self::new("badNonce", StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn bad_key(detail: impl Into<String>) -> Self {
        Self::new("badPublicKey", StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn bad_algorithm(detail: impl Into<String>) -> Self {
        Self::new("badSignatureAlgorithm", StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn bad_csr(detail: impl Into<String>) -> Self {
        Self::new("badCSR", StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn no_account(detail: &str) -> Self {
        Self::new("accountDoesNotExist", StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn rejected(detail: impl Into<String>) -> Self {
        Self::new("rejectedIdentifier", StatusCode::FORBIDDEN, detail)
    }

    pub(super) fn unsupported_identifier(detail: impl Into<String>) -> Self {
        Self::new("unsupportedIdentifier", StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn contact(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(kind, StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn not_ready(detail: impl Into<String>) -> Self {
        Self::new("orderNotReady", StatusCode::FORBIDDEN, detail)
    }

    pub(super) fn already_revoked() -> Self {
        Self::new("alreadyRevoked", StatusCode::BAD_REQUEST, "the certificate is revoked already")
    }

    pub(super) fn bad_reason(detail: impl Into<String>) -> Self {
        Self::new("badRevocationReason", StatusCode::BAD_REQUEST, detail)
    }

    /// A validation failed: `dns`, `connection`, `incorrectResponse`.
    pub(super) fn validation(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(kind, StatusCode::FORBIDDEN, detail)
    }

    pub(super) fn rate_limited(seconds: u64) -> Self {
        let detail = "there were too many requests from here; come back later";
        Self::new("rateLimited", StatusCode::TOO_MANY_REQUESTS, detail)
            .with(header::RETRY_AFTER, seconds.max(1).to_string())
    }

    /// The same refusal with a header.
    pub(super) fn with(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same refusal about one identifier of several.
    pub(super) fn about(mut self, problems: &[(String, Problem)]) -> Self {
        let one = |(name, problem): &(String, Problem)| {
            json!({
                "type": format!("{TYPES}{}", problem.kind),
                "detail": problem.detail,
                "identifier": { "type": "dns", "value": name },
            })
        };
        self.subproblems = problems.iter().map(one).collect();
        self
    }

    /// The text alone.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// The document.
    pub(super) fn document(&self) -> Value {
        let mut document = json!({
            "type": format!("{TYPES}{}", self.kind),
            "detail": self.detail,
            "status": self.status.as_u16(),
        });
        if self.kind == "badSignatureAlgorithm" {
            document["algorithms"] = json!(ALGORITHMS);
        }
        if !self.subproblems.is_empty() {
            document["subproblems"] = json!(self.subproblems);
        }
        document
    }
}

/// What is not the client's fault. The cause is in the log and nowhere else.
impl From<db::Error> for Problem {
    fn from(error: db::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "an ACME request failed");
        let status =
            if error.is_temporary() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::INTERNAL_SERVER_ERROR };
        Self::new("serverInternal", status, "this cannot be answered now")
    }
}

impl From<CaError> for Problem {
    fn from(error: CaError) -> Self {
        match error {
            CaError::Pki(pki::Error::Csr { reason }) => Self::bad_csr(reason),
            CaError::Store(error) => error.into(),
            error => {
                tracing::error!(error = &error as &dyn std::error::Error, "the internal authority does not work");
                let detail = "the internal authority does not work now";
                Self::new("serverInternal", StatusCode::INTERNAL_SERVER_ERROR, detail)
            }
        }
    }
}

impl From<getrandom::Error> for Problem {
    fn from(error: getrandom::Error) -> Self {
        Self::from(CaError::from(error))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.document().to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}
