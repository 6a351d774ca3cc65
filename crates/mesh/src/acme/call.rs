//! One request and its answer: where it came in, who signed it, and what every answer carries.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::body::{Body, Bytes};
use axum::extract::{FromRef, FromRequest, FromRequestParts as _, Request};
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, LINK, LOCATION};
use http::{HeaderValue, StatusCode};
use platform::http::client::Client;
use platform::limits::{Rule, client_key};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::jwk::Key;
use super::jws::{Jws, Signer};
use super::problem::Problem;
use crate::Mesh;
use crate::store::acme::{self as store, Account};

const NONCE: HeaderName = HeaderName::from_static("replay-nonce");
/// The largest request: a hundred long names, or a request for a certificate with an RSA key and them.
const MOST: usize = 64 * 1024;

/// A request.
pub(super) struct Call {
    pub(super) mesh: Mesh,
    /// `https://host`, as the client wrote it.
    base: Result<String, Problem>,
    path: String,
    ip: IpAddr,
    body: Result<Bytes, Problem>,
}

impl<S> FromRequest<S> for Call
where
    Mesh: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        let (mut parts, body) = request.into_parts();
        let client = Client::from_request_parts(&mut parts, state).await?;
        let is_jose = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes() == b"application/jose+json");
        let body = if is_jose || !parts.method.is_safe() {
            match axum::body::to_bytes(body, MOST).await {
                Ok(body) if is_jose => Ok(body),
                Ok(_) => {
                    let detail = "the content type of a request must be application/jose+json";
                    Err(Problem::malformed(detail).status(StatusCode::UNSUPPORTED_MEDIA_TYPE))
                }
                Err(_) => {
                    let detail = format!("the request could not be read to its end, or has more than {MOST} octets");
                    Err(Problem::malformed(detail).status(StatusCode::PAYLOAD_TOO_LARGE))
                }
            }
        } else {
            Ok(Bytes::new())
        };
        let base = base(&client);
        Ok(Self { mesh: Mesh::from_ref(state), base, path: parts.uri.path().to_owned(), ip: client.ip, body })
    }
}

/// Where the client believes us to be. It becomes part of every address that we answer with, so nothing but a host and a
/// port may be in it.
fn base(client: &Client) -> Result<String, Problem> {
    let host = client.host.as_deref().unwrap_or_default();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    if host.is_empty() || host.len() > 255 || !host.bytes().all(is_plain) {
        return Err(Problem::malformed("the request does not say which host it is for"));
    }
    let scheme = if client.https { "https" } else { "http" };
    Ok(format!("{scheme}://{host}{}", client.ingress_path))
}

/// Who signed a request, and what.
pub(super) struct Signed<T> {
    pub(super) by: T,
    pub(super) payload: Vec<u8>,
}

impl<T> Signed<T> {
    /// What was signed, as an object.
    pub(super) fn read<P: DeserializeOwned>(&self) -> Result<P, Problem> {
        serde_json::from_slice(&self.payload)
            .map_err(|error| Problem::malformed(format!("the payload cannot be read: {error}")))
    }

    /// Nothing was signed: the request only wants to see something (POST-as-GET).
    pub(super) fn nothing(self) -> Result<T, Problem> {
        if self.payload.is_empty() {
            Ok(self.by)
        } else {
            Err(Problem::malformed("the payload must be empty: this can only be read"))
        }
    }
}

impl Call {
    /// The address of something of ours.
    pub(super) fn url(&self, path: &str) -> Result<String, Problem> {
        Ok(format!("{}/acme/{path}", self.base.clone()?))
    }

    /// The address that was called.
    pub(super) fn own_url(&self) -> Result<String, Problem> {
        Ok(format!("{}{}", self.base.clone()?, self.path))
    }

    /// Refuses whoever asks too often.
    pub(super) fn count(&self, what: &str, who: &str, rule: &Rule) -> Result<(), Problem> {
        let decision = self.mesh.acme()?.windows.take(&format!("{what} {who}"), rule, self.mesh.clock.now());
        if decision.allowed { Ok(()) } else { Err(Problem::rate_limited(decision.reset)) }
    }

    /// The client's address, as it is counted.
    pub(super) fn client(&self) -> String {
        client_key(self.ip)
    }

    fn jws(&self) -> Result<(Jws, Signer), Problem> {
        let body = self.body.as_ref().map_err(Clone::clone)?;
        self.count("request", &self.client(), &super::REQUESTS)?;
        let jws = Jws::read(body)?;
        let signer = jws.signer()?;
        jws.meant_for(&self.own_url()?)?;
        match jws.header.nonce.as_deref() {
            Some(nonce) if self.mesh.acme()?.nonces.knows(nonce) => Ok((jws, signer)),
            Some(_) => Err(Problem::bad_nonce("the nonce is not one of ours, or was used already")),
            None => Err(Problem::bad_nonce("the protected header has no \"nonce\"")),
        }
    }

    /// Uses the nonce up, now that it is known whose it is.
    fn spend(&self, jws: Jws) -> Result<Vec<u8>, Problem> {
        let nonce = jws.header.nonce.as_deref().unwrap_or_default();
        if !self.mesh.acme()?.nonces.take(nonce) {
            return Err(Problem::bad_nonce("the nonce was used already"));
        }
        Ok(jws.payload)
    }

    /// The account that signed the request; it is valid.
    pub(super) async fn by_account(&self) -> Result<Signed<Account>, Problem> {
        let (jws, signer) = self.jws()?;
        let Signer::Account(kid) = signer else {
            return Err(Problem::malformed("this must be signed by an account: \"kid\", not \"jwk\""));
        };
        self.verified(jws, &kid).await
    }

    /// The key that signed the request.
    pub(super) fn by_key(&self) -> Result<Signed<Key>, Problem> {
        match self.jws()? {
            (jws, Signer::Key(key)) => {
                jws.verify(&key)?;
                Ok(Signed { by: key, payload: self.spend(jws)? })
            }
            _ => Err(Problem::malformed("this must be signed by the key itself: \"jwk\", not \"kid\"")),
        }
    }

    /// Either of them.
    pub(super) async fn by_account_or_key(&self) -> Result<Signed<Result<Account, Key>>, Problem> {
        match self.jws()? {
            (jws, Signer::Key(key)) => {
                jws.verify(&key)?;
                Ok(Signed { by: Err(key), payload: self.spend(jws)? })
            }
            (jws, Signer::Account(kid)) => {
                let Signed { by, payload } = self.verified(jws, &kid).await?;
                Ok(Signed { by: Ok(by), payload })
            }
        }
    }

    async fn verified(&self, jws: Jws, kid: &str) -> Result<Signed<Account>, Problem> {
        let id = kid.strip_prefix(&self.url("account/")?).filter(|id| !id.is_empty() && !id.contains('/'));
        let account = match id {
            Some(id) => store::account(&self.mesh.db, id).await?,
            None => None,
        };
        let account = account.ok_or_else(|| Problem::no_account("there is no such account here"))?;
        let key = Key::parse(&account.jwk).ok_or_else(|| {
            platform::db::Error::Unreadable(format!("ACME account {}: its key is damaged", account.id))
        })?;
        jws.verify(&key)?;
        let payload = self.spend(jws)?;
        if !account.is_valid {
            return Err(Problem::unauthorized("the account is deactivated"));
        }
        Ok(Signed { by: account, payload })
    }

    /// The answer with what every answer carries.
    pub(super) fn answer(&self, answer: Result<Answer, Problem>) -> Response {
        let mut response = match answer {
            Ok(answer) => answer.into_response(),
            Err(problem) => {
                tracing::debug!(problem = %problem.document(), path = self.path, "an ACME request was refused");
                problem.into_response()
            }
        };
        let headers = response.headers_mut();
        if let Ok(acme) = self.mesh.acme()
            && let Ok(nonce) = HeaderValue::try_from(acme.nonces.give())
        {
            headers.insert(NONCE, nonce);
        }
        if let Ok(Ok(link)) = self.url("directory").map(|url| HeaderValue::try_from(format!("<{url}>;rel=\"index\""))) {
            headers.append(LINK, link);
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// What is answered to a request that was good.
pub(super) struct Answer {
    status: StatusCode,
    kind: &'static str,
    body: String,
    headers: Vec<(HeaderName, String)>,
}

impl Answer {
    /// A JSON document.
    pub(super) fn json(body: &Value) -> Self {
        Self { status: StatusCode::OK, kind: "application/json", body: body.to_string(), headers: Vec::new() }
    }

    /// A chain of certificates.
    pub(super) fn chain(pem: String) -> Self {
        let kind = "application/pem-certificate-chain";
        Self { status: StatusCode::OK, kind, body: pem, headers: Vec::new() }
    }

    /// Nothing but headers.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, kind: "", body: String::new(), headers: Vec::new() }
    }

    /// The same for something new.
    pub(super) fn created(self) -> Self {
        Self { status: StatusCode::CREATED, ..self }
    }

    /// The same, and where the thing is.
    pub(super) fn at(self, url: impl Into<String>) -> Self {
        self.with(LOCATION, url)
    }

    /// The same with a header.
    pub(super) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if !self.kind.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.append(name, value);
            }
        }
        response
    }
}
