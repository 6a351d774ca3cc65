//! The web app's files over HTTP, from a small made-up build.

use std::collections::BTreeMap;

use axum::body::Body;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;

#[derive(Default)]
struct Fake(BTreeMap<&'static str, &'static str>);

impl Assets for Fake {
    fn get(&self, path: &str) -> Option<Asset> {
        let text = self.0.get(path)?;
        let mut sha256 = [0; 32];
        sha256[..8].copy_from_slice(&(text.len() as u64).to_be_bytes());
        Some(Asset { bytes: text.as_bytes().into(), sha256 })
    }
}

fn built() -> Fake {
    Fake(BTreeMap::from([
        ("index.html", r#"<meta name="csp-nonce" content="__CSP_NONCE__"><script src="/assets/a-1.js"></script>"#),
        ("favicon.svg", "<svg/>"),
        ("assets/a-1.js", "let plain = 1"),
        ("assets/a-1.js.br", "br"),
        ("assets/a-1.js.gz", "gzip"),
        ("assets/b-2.css", "p{}"),
        (".vite/manifest.json", "{}"),
    ]))
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(assets: Fake, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router(assets).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

async fn get(path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(built(), "GET", path, headers).await
}

#[tokio::test]
async fn every_page_gets_a_nonce_of_its_own_in_text_and_policy() {
    let mut seen = Vec::new();
    for path in ["/", "/login", "/setup-admin?token=abc", "/edge/backends/x.example.com", "/index.html"] {
        let page = get(path, &[("accept", "text/html,*/*;q=0.8")]).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        assert_eq!(page.header("cache-control"), "no-store");
        let nonce = page.body.split("content=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        assert!(nonce.len() == 32 && !page.body.contains(PLACEHOLDER), "{}", page.body);
        let policy = page.header("content-security-policy");
        assert!(policy.contains(&format!("style-src 'self' 'nonce-{nonce}';")), "{policy}");
        assert!(policy.contains("script-src 'self';"), "{policy}");
        seen.push(nonce);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

#[tokio::test]
async fn files_come_in_the_smallest_coding_that_is_taken() {
    for (accepted, coding, body) in [
        ("gzip, deflate, br", "br", "br"),
        ("gzip", "gzip", "gzip"),
        ("br;q=0, gzip", "gzip", "gzip"),
        ("identity", "", "let plain = 1"),
    ] {
        let file = get("/assets/a-1.js", &[("accept-encoding", accepted)]).await;
        assert_eq!((file.status, file.body.as_str()), (200, body), "{accepted}");
        assert_eq!((file.header("content-encoding"), file.header("vary")), (coding, "accept-encoding"));
        assert_eq!(file.header("content-type"), "text/javascript; charset=utf-8");
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
        let again = [("accept-encoding", accepted), ("if-none-match", file.header("etag"))];
        let again = get("/assets/a-1.js", &again).await;
        assert_eq!((again.status, again.body.as_str()), (304, ""));
        assert_eq!(again.header("vary"), "accept-encoding");
    }
    // Nothing smaller was built, so the answer is the same for everybody.
    let file = get("/assets/b-2.css", &[("accept-encoding", "br")]).await;
    assert_eq!((file.header("content-encoding"), file.header("vary")), ("", ""));
}

#[tokio::test]
async fn files_without_a_hash_in_their_name_are_asked_for_again() {
    let file = get("/favicon.svg", &[]).await;
    assert_eq!((file.header("content-type"), file.header("cache-control")), ("image/svg+xml", "no-cache"));
    assert_eq!(get("/favicon.svg", &[("if-none-match", file.header("etag"))]).await.status, 304);
}

#[tokio::test]
async fn what_is_not_there_is_a_page_only_for_who_takes_pages() {
    assert_eq!(get("/assets/old-9.js", &[("accept", "text/html")]).await.status, 404);
    assert_eq!(get("/picture.png", &[("accept", "image/png,*/*;q=0.5")]).await.status, 404);
    assert_eq!(get("/dashboard", &[]).await.status, 200);
    // Files of the build that are nobody's business, and files that are only forms of another.
    for path in ["/.vite/manifest.json", "/assets/a-1.js.br", "/../Cargo.toml"] {
        let answer = get(path, &[("accept", "application/json")]).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn head_says_what_get_would_and_other_methods_are_refused() {
    let head = ask(built(), "HEAD", "/assets/b-2.css", &[]).await;
    assert_eq!((head.status, head.header("content-length"), head.body.as_str()), (200, "3", ""));
    let post = ask(built(), "POST", "/login", &[]).await;
    assert_eq!((post.status, post.header("allow")), (405, "GET, HEAD"));
}

#[tokio::test]
async fn a_build_without_the_web_app_says_so() {
    let answer = ask(Fake::default(), "GET", "/assets/a-1.js", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (503, r#"{"error":"UI not built. Run: make ui-build"}"#));
}
