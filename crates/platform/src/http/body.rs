//! Request bodies and queries: bounded, shallow, without unknown fields, and refused in plain words.
//!
//! Messages name fields and what they should be; they never repeat values, because a value may be a password.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::de::DeserializeOwned;
use tower_http::timeout::TimeoutError;

use super::error::Error;

/// The bytes that a route takes when it says nothing else.
pub const DEFAULT_BODY_LIMIT: usize = 1024 * 1024;

/// How many bytes the route of a request takes; its guard puts it there.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyLimit(pub(super) usize);

/// JSON nested deeper than this is refused before it is parsed.
pub const MAX_DEPTH: usize = 64;

/// A type that arrives as a JSON body. Derive `Deserialize` with `deny_unknown_fields`.
pub trait Payload: DeserializeOwned {
    /// The code of the 400 when a field is missing or malformed.
    const CODE: &'static str = "validation.invalidValue";
}

/// A JSON body of type `T`.
#[derive(Clone, Copy, Debug)]
pub struct JsonBody<T>(pub T);

impl<T: Payload, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        json_type(&request)?;
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        parse(&bytes).map(Self)
    }
}

/// A JSON body that may be absent altogether.
#[derive(Clone, Copy, Debug)]
pub struct OptionalJson<T>(pub Option<T>);

impl<T: Payload, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let typed = json_type(&request);
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        typed?;
        parse(&bytes).map(Some).map(Self)
    }
}

/// The bytes of a body, no more than the route takes.
#[derive(Clone, Debug)]
pub struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let limit = request.extensions().get::<BodyLimit>().map_or(DEFAULT_BODY_LIMIT, |limit| limit.0);
        match Bytes::from_request(request, state).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(rejection) if rejection.status() == http::StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Error::too_large(limit).with_cause(rejection))
            }
            Err(rejection) if timed_out(&rejection) => Err(Error::body_timeout().with_cause(rejection)),
            Err(rejection) => {
                Err(Error::invalid("api.badRequest", "the body could not be read to its end").with_cause(rejection))
            }
        }
    }
}

fn timed_out(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<TimeoutError>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// A query string of type `T`; unknown parameters are ignored, as they are everywhere on the web.
#[derive(Clone, Copy, Debug)]
pub struct QueryOf<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryOf<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(query)) => Ok(Self(query)),
            Err(rejection) => {
                Err(Error::invalid("api.badRequest", "a query parameter has a wrong value").with_cause(rejection))
            }
        }
    }
}

/// A form post from another site can carry JSON text, but not this content type without the browser asking first.
fn json_type(request: &Request) -> Result<(), Error> {
    let Some(value) = request.headers().get(CONTENT_TYPE) else { return Ok(()) };
    let essence = value.to_str().unwrap_or("").split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        Ok(())
    } else {
        Err(Error::unsupported_media_type("send the body as JSON, with `content-type: application/json`"))
    }
}

/// Parses a body that has been read.
///
/// # Errors
/// 400, with the path of the field.
pub fn parse<T: Payload>(bytes: &[u8]) -> Result<T, Error> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::invalid(T::CODE, "the body is empty; send a JSON object"));
    }
    if depth_exceeds(bytes, MAX_DEPTH) {
        return Err(Error::invalid("api.badRequest", format!("the body is nested deeper than {MAX_DEPTH} levels")));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        refuse::<T>(&path, error.inner())
    })?;
    json.end().map_err(|error| refuse::<T>(".", &error))?;
    Ok(value)
}

fn refuse<T: Payload>(path: &str, error: &serde_json::Error) -> Error {
    use serde_json::error::Category;

    match error.classify() {
        Category::Syntax | Category::Eof | Category::Io => {
            let place = format!("line {}, column {}", error.line(), error.column());
            Error::invalid("api.badRequest", format!("the body is not JSON ({place})"))
        }
        Category::Data => Error::invalid(T::CODE, explain(path, &error.to_string())),
    }
}

/// Rewrites serde's message without the value that it quotes.
fn explain(path: &str, message: &str) -> String {
    let name = message.split('`').nth(1).unwrap_or_default();
    let place = if path.is_empty() || path == "." { "the body".to_owned() } else { format!("`{path}`") };
    if message.starts_with("missing field") {
        let prefix = path.strip_prefix('.').unwrap_or(path);
        let full = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        format!("`{full}` is missing")
    } else if message.starts_with("unknown field") {
        format!("unknown field `{}`", name.escape_debug())
    } else if message.starts_with("duplicate field") {
        format!("`{name}` is given twice")
    } else {
        let expected = message.rsplit_once("expected ").map_or("", |(_, expected)| expected);
        let expected = expected.rsplit_once(" at line ").map_or(expected, |(text, _)| text);
        if expected.is_empty() { format!("{place} has a wrong value") } else { format!("{place} must be {expected}") }
    }
}

/// Counts brackets outside strings, without recursion and without allocating.
#[must_use]
pub fn depth_exceeds(bytes: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Login {
        username: String,
        password: String,
        #[serde(default)]
        tags: Vec<Tag>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Tag {
        id: u8,
    }

    impl Payload for Login {
        const CODE: &'static str = "auth.login.fieldsRequired";
    }

    #[test]
    fn every_refusal_says_what_would_be_right_and_repeats_no_value() {
        for (body, code, message) in [
            ("", "auth.login.fieldsRequired", "the body is empty; send a JSON object"),
            (" \n", "auth.login.fieldsRequired", "the body is empty; send a JSON object"),
            ("{", "api.badRequest", "the body is not JSON (line 1, column 1)"),
            (r#"{"username":"a","password":"b"} x"#, "api.badRequest", "the body is not JSON (line 1, column 33)"),
            (r#"{"username":"a"}"#, "auth.login.fieldsRequired", "`password` is missing"),
            (r#"{"username":"hunter2","password":1}"#, "auth.login.fieldsRequired", "`password` must be a string"),
            (
                r#"{"username":"a","password":"hunter2","role":"owner"}"#,
                "auth.login.fieldsRequired",
                "unknown field `role`",
            ),
            (r#"["hunter2"]"#, "auth.login.fieldsRequired", ""),
            (r#""hunter2""#, "auth.login.fieldsRequired", "the body must be struct Login"),
            (r#"{"username":"a","username":"b"}"#, "auth.login.fieldsRequired", "`username` is given twice"),
            (
                r#"{"username":"a","password":"b","tags":[{"id":1},{"id":"hunter2"}]}"#,
                "auth.login.fieldsRequired",
                "`tags[1].id` must be u8",
            ),
            (r#"{"username":"a","password":"b","tags":[{}]}"#, "auth.login.fieldsRequired", "`tags[0].id` is missing"),
        ] {
            let error = parse::<Login>(body.as_bytes()).unwrap_err();
            assert_eq!(error.status(), 400);
            assert_eq!(error.code(), code, "{body}");
            if !message.is_empty() {
                assert_eq!(error.message(), message, "{body}");
            }
            assert!(!error.message().contains("hunter2"), "{}", error.message());
        }
    }

    #[test]
    fn v23_depth_is_measured_outside_strings() {
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(!depth_exceeds(deep(64).as_bytes(), 64));
        assert!(depth_exceeds(deep(65).as_bytes(), 64));
        assert!(depth_exceeds("{\"a\":".repeat(1_000_000).as_bytes(), 64));
        assert!(!depth_exceeds(format!("\"{}\\\"[[\"", "[".repeat(100)).as_bytes(), 64));
        assert!(!depth_exceeds("[],".repeat(1000).as_bytes(), 64));
    }
}
