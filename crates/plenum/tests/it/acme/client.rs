//! A client that signs whatever it is told to sign.

use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context as _, Result, ensure};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{House, run};

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An answer.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
    pub(super) text: String,
}

impl Got {
    /// The last word of the problem's type.
    pub(super) fn problem(&self) -> &str {
        let kind = self.body["type"].as_str().unwrap_or_default();
        kind.strip_prefix("urn:ietf:params:acme:error:").unwrap_or(kind)
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(super) fn text_of(&self, field: &str) -> Result<String> {
        Ok(self.body[field].as_str().with_context(|| format!("no {field} in {}", self.body))?.to_owned())
    }
}

/// A key pair that is made for this client.
pub(super) struct Key(EcdsaKeyPair);

impl Key {
    pub(super) fn new() -> Result<Self> {
        Ok(Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?))
    }

    pub(super) fn jwk(&self) -> Value {
        let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
        json!({ "crv": "P-256", "kty": "EC", "x": encode(x), "y": encode(y) })
    }

    pub(super) fn thumbprint(&self) -> String {
        encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.jwk().to_string().as_bytes()))
    }

    /// A JWS of this header and payload.
    pub(super) fn sign(&self, header: &Value, payload: &str) -> Result<Value> {
        let (header, payload) = (encode(header.to_string()), encode(payload));
        let signature = self.0.sign(&SystemRandom::new(), format!("{header}.{payload}").as_bytes())?;
        Ok(json!({ "protected": header, "payload": payload, "signature": encode(signature) }))
    }
}

/// A client with an account.
pub(super) struct Client {
    http: reqwest::Client,
    pub(super) base: String,
    pub(super) key: Key,
    pub(super) account: String,
    nonce: Mutex<Option<String>>,
}

impl Client {
    /// Without an account yet.
    pub(super) fn nobody(house: &House) -> Result<Self> {
        let trusted = reqwest::Certificate::from_pem(&std::fs::read(house.daemon.certificate())?)?;
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build()?;
        let base = format!("https://localhost:{}/acme", house.daemon.address().port());
        Ok(Self { http, base, key: Key::new()?, account: String::new(), nonce: Mutex::default() })
    }

    /// With a new account.
    pub(super) async fn new(house: &House) -> Result<Self> {
        let mut client = Self::nobody(house)?;
        let made = client.post_by_key("new-account", &json!({ "contact": ["mailto:ops@example.com"] })).await?;
        ensure!(made.status == 201 && made.body["status"] == "valid", "{made:?}");
        client.account = made.header("location").to_owned();
        Ok(client)
    }

    pub(super) fn url(&self, path: &str) -> String {
        if path.starts_with("https://") { path.to_owned() } else { format!("{}/{path}", self.base) }
    }

    pub(super) async fn nonce(&self) -> Result<String> {
        let kept = self.nonce.lock().ok().and_then(|mut nonce| nonce.take());
        if let Some(nonce) = kept {
            return Ok(nonce);
        }
        let answer = self.http.head(self.url("new-nonce")).send().await?;
        ensure!(answer.status() == 200 && answer.headers()["cache-control"] == "no-store");
        Ok(answer.headers()["replay-nonce"].to_str()?.to_owned())
    }

    /// Sends a body as it is.
    pub(super) async fn send(&self, path: &str, kind: &str, body: String) -> Result<Got> {
        let request = self.http.post(self.url(path)).header("content-type", kind).body(body);
        self.read(request.send().await?).await
    }

    pub(super) async fn get(&self, path: &str) -> Result<Got> {
        self.read(self.http.get(self.url(path)).send().await?).await
    }

    async fn read(&self, answer: reqwest::Response) -> Result<Got> {
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        if let (Some(nonce), Ok(mut kept)) = (headers.get("replay-nonce"), self.nonce.lock()) {
            *kept = Some(nonce.to_str()?.to_owned());
        }
        let text = answer.text().await?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Got { status, headers, body, text })
    }

    pub(super) async fn send_signed(&self, path: &str, jws: &Value) -> Result<Got> {
        self.send(path, "application/jose+json", jws.to_string()).await
    }

    /// Signed by the key itself.
    pub(super) async fn post_by_key(&self, path: &str, payload: &Value) -> Result<Got> {
        let url = self.url(path);
        let header = json!({ "alg": "ES256", "jwk": self.key.jwk(), "nonce": self.nonce().await?, "url": url });
        self.send_signed(path, &self.key.sign(&header, &payload.to_string())?).await
    }

    /// The header of a request by the account.
    pub(super) async fn header(&self, path: &str) -> Result<Value> {
        Ok(json!({ "alg": "ES256", "kid": self.account, "nonce": self.nonce().await?, "url": self.url(path) }))
    }

    /// Signed by the account.
    pub(super) async fn post(&self, path: &str, payload: &Value) -> Result<Got> {
        let header = self.header(path).await?;
        self.send_signed(path, &self.key.sign(&header, &payload.to_string())?).await
    }

    /// POST-as-GET.
    pub(super) async fn read_signed(&self, path: &str) -> Result<Got> {
        let header = self.header(path).await?;
        self.send_signed(path, &self.key.sign(&header, "")?).await
    }

    /// An order for these names.
    pub(super) async fn order(&self, names: &[&str]) -> Result<Got> {
        let names: Vec<_> = names.iter().map(|name| json!({ "type": "dns", "value": name })).collect();
        self.post("new-order", &json!({ "identifiers": names })).await
    }

    /// An order that is ready: its names are proved by DNS.
    pub(super) async fn ready(&self, house: &House, names: &[&str]) -> Result<String> {
        let order = self.order(names).await?;
        ensure!(order.status == 201 && order.body["status"] == "pending", "{order:?}");
        let url = order.header("location").to_owned();
        for authorization in order.body["authorizations"].as_array().context("authorizations")? {
            self.prove(house, authorization.as_str().context("an address")?).await?;
        }
        let order = self.until(&url, &["ready", "invalid"]).await?;
        ensure!(order.body["status"] == "ready", "{order:?}");
        Ok(url)
    }

    /// Proves an authorization by DNS.
    pub(super) async fn prove(&self, house: &House, authorization: &str) -> Result<()> {
        let found = self.read_signed(authorization).await?;
        let challenges = found.body["challenges"].as_array().context("challenges")?;
        let dns = challenges.iter().find(|each| each["type"] == "dns-01").context("dns-01")?;
        let proof = format!("{}.{}", dns["token"].as_str().context("token")?, self.key.thumbprint());
        let digest = encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, proof.as_bytes()));
        let name = found.body["identifier"]["value"].as_str().context("value")?;
        let path = format!("/dns/txt/_acme-challenge.{name}");
        crate::mesh::ok(&house.ports, "POST", &path, Some(json!({ "value": digest }))).await?;
        let begun = self.post(dns["url"].as_str().context("url")?, &json!({})).await?;
        ensure!(begun.status == 200 && begun.headers.get_all("link").iter().count() == 2, "{begun:?}");
        Ok(())
    }

    /// Looks until the status is one of these.
    pub(super) async fn until(&self, url: &str, states: &[&str]) -> Result<Got> {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
        loop {
            let got = self.read_signed(url).await?;
            if states.iter().any(|state| got.body["status"] == *state) {
                return Ok(got);
            }
            ensure!(std::time::Instant::now() < end, "{url} did not become {states:?}: {got:?}");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    /// Finalizes an order with a signing request that `openssl req` makes of these words.
    pub(super) async fn finalize(&self, house: &House, order: &str, words: &str) -> Result<Got> {
        let csr = house.directory.path().join("csr.der");
        let mut command = Command::new("openssl");
        command.args(["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"]);
        command.arg(house.directory.path().join("csr.key")).args(["-outform", "DER", "-out"]).arg(&csr);
        run(command.args(words.split_whitespace()))?;
        self.post(&format!("{order}/finalize"), &json!({ "csr": encode(std::fs::read(&csr)?) })).await
    }
}
