//! A client of the daemon's HTTP API: a base address and, mostly, a token.

use reqwest::{Client, Method, RequestBuilder};

/// Speaks to one daemon as one caller.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    base: String,
    token: Option<String>,
}

impl Api {
    /// A caller of the daemon at `base` (`http://127.0.0.1:1234`), with a token's wire form or anonymous.
    ///
    /// # Panics
    /// When the HTTP client cannot be built.
    pub fn new(base: &str, token: Option<&str>) -> Self {
        let client = Client::builder()
            // A redirect is an answer to look at.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // The daemon's own certificate is nobody's.
            .danger_accept_invalid_certs(true)
            .timeout(std::time::Duration::from_secs(60))
            .build()
            .unwrap_or_else(|error| panic!("build an HTTP client: {error}"));
        Self { client, base: base.trim_end_matches('/').to_owned(), token: token.map(str::to_owned) }
    }

    /// The daemon's base address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The token's wire form.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// A request to be completed and sent; `path` begins with `/`.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// A GET request.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A POST request.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// A PUT request.
    pub fn put(&self, path: &str) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// A PATCH request.
    pub fn patch(&self, path: &str) -> RequestBuilder {
        self.request(Method::PATCH, path)
    }

    /// A DELETE request.
    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// Asks for a JSON answer and gives its status and body (`null` where it is no JSON).
    pub async fn json(&self, request: RequestBuilder) -> anyhow::Result<(u16, serde_json::Value)> {
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await?;
        Ok((status, serde_json::from_slice(&body).unwrap_or(serde_json::Value::Null)))
    }
}
