//! How "you are not signed in" is said to different clients: an event stream, a browser that wants a page, a program.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use http::{Method, StatusCode};

use super::client::Client;
use super::error::Error;

const REALM: HeaderValue = HeaderValue::from_static("Bearer realm=\"plenum\"");

/// The refusal of a request without a good credential.
pub(super) fn unauthenticated(request: &Request) -> Response {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    if accept.contains("text/event-stream") {
        // The browser's EventSource gives up for good on a 401 of this type; on a redirect or JSON it would not say why.
        let mut response = (StatusCode::UNAUTHORIZED, "authentication required\n").into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        response.headers_mut().insert(WWW_AUTHENTICATE, REALM);
        return response;
    }
    // Only a read can be repeated by following a redirect.
    if accept.contains("text/html") && *request.method() == Method::GET {
        let base = Client::of(request.extensions()).map_or("", |client| client.ingress_path.as_str());
        let original = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let location = format!("{base}/login?return={}", encode(original));
        if let Ok(location) = HeaderValue::from_str(&location) {
            return (StatusCode::FOUND, [(LOCATION, location)]).into_response();
        }
    }
    Error::unauthenticated("auth.required", "authentication required")
        .with_header(WWW_AUTHENTICATE, REALM)
        .into_response()
}

/// Percent-encodes everything but unreserved characters.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn the_way_back_is_one_query_value() {
        assert_eq!(encode("/api/state?layout=flat&x=1#y"), "%2Fapi%2Fstate%3Flayout%3Dflat%26x%3D1%23y");
    }
}
