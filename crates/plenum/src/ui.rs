//! The web app: files that were built and compressed before this program was, and one page for every other path.
//!
//! Releases carry the files inside; other builds read `web/dist` while they run. A build without them is a whole daemon, and says
//! at every page that the app was not built. The page itself is the only file that is not sent as it is: every answer gets a
//! nonce of its own, in its text and in its policy, because the component library makes `<style>` elements. What this does not
//! do: it never compresses, and it asks nobody who they are.

mod coding;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    body::{Body, HttpBody as _},
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use platform::http::{
    Error, Nonce,
    conditional::{Conditions, ETag},
    ui_not_built,
};

use self::coding::Coding;

/// Where the page has its nonce.
const PLACEHOLDER: &str = "__CSP_NONCE__";

const PAGE: &str = "index.html";

/// Where the files are whose names change with their content.
const HASHED: &str = "assets/";

/// The files of a built web app.
pub(crate) trait Assets: Send + Sync + 'static {
    /// One file, by its path below the root.
    fn get(&self, path: &str) -> Option<Asset>;
}

/// One file of a built web app.
#[derive(Clone, Debug)]
pub(crate) struct Asset {
    bytes: Cow<'static, [u8]>,
    sha256: [u8; 32],
}

/// The files that this program was built with.
#[derive(Debug)]
pub(crate) struct Built;

#[derive(rust_embed::Embed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

impl Assets for Built {
    fn get(&self, path: &str) -> Option<Asset> {
        Dist::get(path).map(|file| Asset { bytes: file.data, sha256: file.metadata.sha256_hash() })
    }
}

/// Answers every path that the API does not own.
pub(crate) fn router(assets: impl Assets) -> Router {
    let assets: Arc<dyn Assets> = Arc::new(assets);
    Router::new().fallback(serve).with_state(assets)
}

async fn serve(State(assets): State<Arc<dyn Assets>>, request: Request) -> Response {
    let Some(page) = assets.get(PAGE) else { return ui_not_built().await };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let refused = Error::method_not_allowed("the web app's pages are only read");
        return refused.with_header(header::ALLOW, HeaderValue::from_static("GET, HEAD")).into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    let answer = match file(&*assets, path, request.headers()) {
        Some(answer) => answer,
        // A page that was open over an update asks for files that are gone; the page in their place would not run.
        None if path.starts_with(HASHED) || !takes_pages(request.headers()) => {
            Err(Error::not_found("ui.notFound", "there is no such file"))
        }
        None => send_page(&page),
    };
    let answer = answer.into_response();
    if *request.method() == Method::HEAD { without_body(answer) } else { answer }
}

/// A file as it was built, in the coding that the client likes best; `None` where there is none.
fn file(assets: &dyn Assets, path: &str, headers: &HeaderMap) -> Option<Result<Response, Error>> {
    let kind = content_type(path)?;
    // The page never goes out as it is, and what the build wrote for itself is nobody's business.
    if path == PAGE || path.split('/').any(|part| part.starts_with('.')) {
        return None;
    }
    let plain = assets.get(path)?;
    let compressed = |coding: Coding| Some((coding, assets.get(&format!("{path}{}", coding.suffix()))?));
    let varies = Coding::ALL.into_iter().any(|coding| compressed(coding).is_some());
    let (coding, asset) = match Coding::accepted(headers).into_iter().find_map(compressed) {
        Some((coding, asset)) => (Some(coding), asset),
        None => (None, plain),
    };
    let lasting = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    Some(send_file(asset, coding, lasting, headers).map(|mut response| {
        if response.status() == StatusCode::OK {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        if varies {
            response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        response
    }))
}

fn send_file(
    asset: Asset,
    coding: Option<Coding>,
    lasting: &'static str,
    headers: &HeaderMap,
) -> Result<Response, Error> {
    // The hash is that of the bytes as they are sent, so each coding has a tag of its own.
    let tag = hex(&asset.sha256);
    let mut answer = HeaderMap::new();
    answer.insert(header::ETAG, HeaderValue::try_from(ETag::strong(&*tag).to_string()).map_err(Error::internal)?);
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(lasting));
    if Conditions::from_headers(headers)?.has_current(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
    }
    if let Some(coding) = coding {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
    let body = match asset.bytes {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    Ok((answer, body).into_response())
}

/// The page, with a nonce that no other answer has.
fn send_page(page: &Asset) -> Result<Response, Error> {
    let nonce = Nonce::fresh()?;
    let text = std::str::from_utf8(&page.bytes).map_err(Error::internal)?.replace(PLACEHOLDER, nonce.as_str());
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, nonce.policy()?),
    ];
    Ok((headers, text).into_response())
}

fn without_body(mut answer: Response) -> Response {
    if let Some(length) = answer.body().size_hint().exact() {
        answer.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    *answer.body_mut() = Body::empty();
    answer
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a page is a sensible answer: a browser that loads an image or a script would not know what to do with one.
fn takes_pages(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    accept.contains("text/html") || accept.trim() == "*/*"
}

/// By the ending; a build of the web app holds no others.
fn content_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        _ => return None,
    })
}
