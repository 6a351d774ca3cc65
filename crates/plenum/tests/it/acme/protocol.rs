//! What clients must not get away with, and what the standard promises them.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::House;
use super::client::{Client, Key, encode};
use crate::mesh::ok;

/// Whether a request was refused for this reason, with everything that a refusal carries.
fn refused(got: &super::client::Got, status: u16, kind: &str) -> Result<()> {
    ensure!(got.status == status && got.problem() == kind, "not {status} {kind}: {got:?}");
    ensure!(got.header("content-type") == "application/problem+json" && got.body["status"] == status, "{got:?}");
    ensure!(!got.header("replay-nonce").is_empty() && got.header("link").contains("/acme/directory>;rel=\"index\""));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn v19_requests_that_are_not_what_they_say_are_refused() -> Result<()> {
    let house = House::start().await?;
    let client = Client::new(&house).await?;
    let order = json!({ "identifiers": [{ "type": "dns", "value": "core.qp.local" }] }).to_string();

    // The same request twice.
    let jws = client.key.sign(&client.header("new-order").await?, &order)?;
    ensure!(client.send_signed("new-order", &jws).await?.status == 201);
    refused(&client.send_signed("new-order", &jws).await?, 400, "badNonce")?;
    // With a nonce of nobody, and with none.
    let mut header = client.header("new-order").await?;
    header["nonce"] = json!(encode([1; 40]));
    refused(&client.send_signed("new-order", &client.key.sign(&header, &order)?).await?, 400, "badNonce")?;
    header.as_object_mut().context("an object")?.remove("nonce");
    refused(&client.send_signed("new-order", &client.key.sign(&header, &order)?).await?, 400, "badNonce")?;
    // Meant for elsewhere.
    for url in ["https://localhost/acme/new-order".to_owned(), client.url("new-account"), client.url("new-order?x")] {
        let mut header = client.header("new-order").await?;
        header["url"] = json!(url);
        refused(&client.send_signed("new-order", &client.key.sign(&header, &order)?).await?, 403, "unauthorized")?;
    }
    // A failed request uses no nonce up.
    let header = client.header("new-order").await?;
    let stranger = Key::new()?;
    refused(&client.send_signed("new-order", &stranger.sign(&header, &order)?).await?, 400, "malformed")?;
    ensure!(client.send_signed("new-order", &client.key.sign(&header, &order)?).await?.status == 201);
    // By a key where an account is needed, and the other way round; by both; by an account that is not there.
    refused(&client.post_by_key("new-order", &json!({})).await?, 400, "malformed")?;
    refused(&client.post("new-account", &json!({})).await?, 400, "malformed")?;
    let mut header = client.header("new-order").await?;
    header["jwk"] = client.key.jwk();
    refused(&client.send_signed("new-order", &client.key.sign(&header, &order)?).await?, 400, "malformed")?;
    for kid in [client.url("account/0000000000000000"), client.account.replace("localhost", "127.0.0.1"), "x".into()] {
        let mut header = client.header("new-order").await?;
        header["kid"] = json!(kid);
        let got = client.send_signed("new-order", &client.key.sign(&header, &order)?).await?;
        refused(&got, 400, "accountDoesNotExist")?;
    }
    // Without a signature, or with one that anybody can make.
    for alg in ["none", "HS256"] {
        let mut header = client.header("new-order").await?;
        header["alg"] = json!(alg);
        let got = client.send_signed("new-order", &client.key.sign(&header, &order)?).await?;
        refused(&got, 400, "badSignatureAlgorithm")?;
        ensure!(got.body["algorithms"].as_array().is_some_and(|all| all.contains(&json!("ES256"))), "{got:?}");
    }
    // Of another type, too long, or not signed at all.
    let jws = client.key.sign(&client.header("new-order").await?, &order)?.to_string();
    refused(&client.send("new-order", "application/json", jws).await?, 415, "malformed")?;
    let huge = "x".repeat(200_000);
    refused(&client.send("new-order", "application/jose+json", huge).await?, 413, "malformed")?;
    ensure!(client.send("new-order", "application/jose+json", "x".repeat(3 << 20)).await?.status == 413);
    refused(&client.send("new-order", "application/jose+json", "{}".into()).await?, 400, "malformed")?;
    refused(&client.get("new-order").await?, 405, "malformed")?;
    refused(&client.get("account/1").await?, 405, "malformed")?;
    ensure!(client.get("new-nonce").await?.status == 204);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn v19_only_what_was_ordered_and_proved_is_certified() -> Result<()> {
    let house = House::start().await?;
    let client = Client::new(&house).await?;
    for name in ["example.com", "qp.local", "*.qp.local", "10.0.0.1", "a.qp.local.evil.example"] {
        refused(&client.order(&[name]).await?, 403, "rejectedIdentifier")?;
    }
    let ip = json!({ "identifiers": [{ "type": "ip", "value": "10.0.0.1" }] });
    refused(&client.post("new-order", &ip).await?, 400, "unsupportedIdentifier")?;
    let later =
        json!({ "identifiers": [{ "type": "dns", "value": "a.qp.local" }], "notAfter": "2030-01-01T00:00:00Z" });
    refused(&client.post("new-order", &later).await?, 400, "malformed")?;

    // A wildcard is proved by DNS alone.
    let wild = client.order(&["*.apps.qp.local"]).await?;
    let authorization = client.read_signed(wild.body["authorizations"][0].as_str().context("one")?).await?;
    ensure!(
        authorization.body["wildcard"] == true
            && authorization.body["identifier"]["value"] == "apps.qp.local"
            && authorization.body["challenges"].as_array().is_some_and(|all| all.len() == 1)
            && authorization.body["challenges"][0]["type"] == "dns-01",
        "{authorization:?}"
    );

    // Nothing before everything is proved.
    let pending = client.order(&["core.qp.local"]).await?.header("location").to_owned();
    let san = "-subj / -addext subjectAltName=DNS:core.qp.local";
    refused(&client.finalize(&house, &pending, san).await?, 403, "orderNotReady")?;

    let order = client.ready(&house, &["core.qp.local", "two.qp.local"]).await?;
    let both = "subjectAltName=DNS:core.qp.local,DNS:two.qp.local";
    for words in [
        "-subj /CN=core.qp.local".to_owned(),
        "-subj / -addext subjectAltName=DNS:core.qp.local".to_owned(),
        format!("-subj / -addext {both},DNS:three.qp.local"),
        format!("-subj / -addext {both},IP:10.0.0.1"),
        format!("-subj /CN=three.qp.local -addext {both}"),
        format!("-subj / -addext {both} -addext basicConstraints=critical,CA:TRUE"),
        format!("-subj / -addext {both} -addext keyUsage=keyCertSign"),
        format!("-subj / -addext {both} -addext extendedKeyUsage=codeSigning"),
        format!("-subj / -addext {both} -addext nameConstraints=permitted;DNS:example.com"),
        format!("-subj / -addext {both} -addext 1.2.3.4=critical,ASN1:UTF8String:x"),
    ] {
        let got = client.finalize(&house, &order, &words).await?;
        ensure!(got.status == 400 && got.problem() == "badCSR", "{words}: {got:?}");
    }
    ensure!(house.entries("cert_issue").await?.is_empty());
    let other = Client::new(&house).await?;
    refused(&other.finalize(&house, &order, &format!("-subj / -addext {both}")).await?, 404, "malformed")?;

    let done = client.finalize(&house, &order, &format!("-subj /CN=TWO.qp.local -addext {both}")).await?;
    ensure!(done.status == 200 && done.body["status"] == "valid", "{done:?}");
    refused(&client.finalize(&house, &order, &format!("-subj / -addext {both}")).await?, 403, "orderNotReady")?;
    let certificate = done.text_of("certificate")?;
    refused(&other.read_signed(&certificate).await?, 404, "malformed")?;
    let chain = client.read_signed(&certificate).await?;
    ensure!(
        chain.header("content-type") == "application/pem-certificate-chain"
            && chain.text.matches("BEGIN CERTIFICATE").count() == 2,
        "{chain:?}"
    );
    let issued = house.entries("cert_issue").await?;
    ensure!(issued.len() == 1 && issued[0]["details"]["names"] == json!(["core.qp.local", "two.qp.local"]));

    // Revoked by an account that speaks for all of its names, and by nobody else.
    let der = der(&house, &chain.text)?;
    let revoke = json!({ "certificate": der, "reason": 4 });
    refused(&other.post("revoke", &revoke).await?, 403, "unauthorized")?;
    refused(&other.post_by_key("revoke", &revoke).await?, 403, "unauthorized")?;
    refused(&client.post("revoke", &json!({ "certificate": der, "reason": 2 })).await?, 400, "badRevocationReason")?;
    refused(&client.post("revoke", &json!({ "certificate": "AAAA" })).await?, 404, "malformed")?;
    other.ready(&house, &["core.qp.local", "two.qp.local"]).await?;
    ensure!(other.post("revoke", &revoke).await?.status == 200);
    refused(&client.post("revoke", &revoke).await?, 400, "alreadyRevoked")?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_change_keys_and_end() -> Result<()> {
    let house = House::start().await?;
    let mut client = Client::new(&house).await?;
    let again = client.post_by_key("new-account", &json!({ "onlyReturnExisting": true })).await?;
    ensure!(again.status == 200 && again.header("location") == client.account, "{again:?}");
    let nobody = Client::nobody(&house)?;
    let none = nobody.post_by_key("new-account", &json!({ "onlyReturnExisting": true })).await?;
    refused(&none, 400, "accountDoesNotExist")?;
    let phone = nobody.post_by_key("new-account", &json!({ "contact": ["tel:+49"] })).await?;
    refused(&phone, 400, "unsupportedContact")?;

    let order = client.order(&["core.qp.local"]).await?;
    let listed = client.read_signed(&format!("{}/orders", client.account)).await?;
    ensure!(listed.body["orders"] == json!([order.header("location")]), "{listed:?}");
    let other = Client::new(&house).await?;
    refused(&other.read_signed(&client.account).await?, 403, "unauthorized")?;
    refused(&other.read_signed(order.header("location")).await?, 404, "malformed")?;
    refused(&other.read_signed(order.body["authorizations"][0].as_str().context("one")?).await?, 404, "malformed")?;

    // The old key signs that the new one signed that it takes over.
    let rollover = async |client: &Client, new: &Key, header: Value, account: &str, old: &Key| -> Result<_> {
        let inner = new.sign(&header, &json!({ "account": account, "oldKey": old.jwk() }).to_string())?;
        client.post("key-change", &inner).await
    };
    let new = Key::new()?;
    let good = json!({ "alg": "ES256", "jwk": new.jwk(), "url": client.url("key-change") });
    let (mut elsewhere, mut with_nonce) = (good.clone(), good.clone());
    elsewhere["url"] = json!(client.url("new-order"));
    with_nonce["nonce"] = json!("x");
    refused(&rollover(&client, &new, elsewhere, &client.account, &client.key).await?, 403, "unauthorized")?;
    refused(&rollover(&client, &new, with_nonce, &client.account, &client.key).await?, 400, "malformed")?;
    refused(&rollover(&client, &new, good.clone(), &other.account, &client.key).await?, 400, "malformed")?;
    refused(&rollover(&client, &new, good.clone(), &client.account, &other.key).await?, 400, "malformed")?;
    refused(&rollover(&client, &client.key, good.clone(), &client.account, &client.key).await?, 400, "malformed")?;
    let theirs = json!({ "alg": "ES256", "jwk": other.key.jwk(), "url": client.url("key-change") });
    let taken = rollover(&client, &other.key, theirs, &client.account, &client.key).await?;
    refused(&taken, 409, "malformed")?;
    ensure!(taken.header("location") == other.account);
    let changed = rollover(&client, &new, good, &client.account, &client.key).await?;
    ensure!(changed.status == 200, "{changed:?}");
    refused(&client.read_signed(&client.account).await?, 400, "malformed")?;
    client.key = new;
    ensure!(client.read_signed(&client.account).await?.body["contact"] == json!(["mailto:ops@example.com"]));

    // What is given up is not proved any more, and its order cannot be fulfilled.
    let url = client.ready(&house, &["core.qp.local"]).await?;
    let order = client.read_signed(&url).await?;
    let authorization = order.body["authorizations"][0].as_str().context("one")?.to_owned();
    let given_up = client.post(&authorization, &json!({ "status": "deactivated" })).await?;
    ensure!(given_up.body["status"] == "deactivated", "{given_up:?}");
    ensure!(client.read_signed(&url).await?.body["status"] == "invalid");
    refused(
        &client.finalize(&house, &url, "-subj / -addext subjectAltName=DNS:core.qp.local").await?,
        403,
        "orderNotReady",
    )?;

    let changed = client.post(&client.account, &json!({ "contact": ["mailto:new@example.com"] })).await?;
    ensure!(changed.body["contact"] == json!(["mailto:new@example.com"]), "{changed:?}");
    let ended = client.post(&client.account, &json!({ "status": "deactivated" })).await?;
    ensure!(ended.status == 200 && ended.body["status"] == "deactivated", "{ended:?}");
    refused(&client.order(&["core.qp.local"]).await?, 403, "unauthorized")?;
    refused(&client.post_by_key("new-account", &json!({})).await?, 403, "unauthorized")?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn v15_challenges_are_fetched_from_services_only() -> Result<()> {
    let house = House::start().await?;
    let client = Client::new(&house).await?;
    let fails = async |name: &str| -> Result<Value> {
        let order = client.order(&[name]).await?;
        let authorization = order.body["authorizations"][0].as_str().context("one")?.to_owned();
        let found = client.read_signed(&authorization).await?;
        let challenges = found.body["challenges"].as_array().context("challenges")?;
        let http = challenges.iter().find(|each| each["type"] == "http-01").context("http-01")?;
        let url = http["url"].as_str().context("url")?;
        ensure!(client.post(url, &json!({})).await?.body["status"] == "processing");
        client.until(&authorization, &["invalid"]).await?;
        let order = client.read_signed(order.header("location")).await?;
        ensure!(order.body["status"] == "invalid" && order.body["error"].is_object(), "{order:?}");
        Ok(client.read_signed(url).await?.body["error"].clone())
    };
    let is = |error: &Value, kind: &str, text: &str| -> Result<()> {
        let detail = error["detail"].as_str().unwrap_or_default();
        ensure!(error["type"] == format!("urn:ietf:params:acme:error:{kind}") && detail.contains(text), "{error}");
        Ok(())
    };
    // A name of nobody; one that redirects outside, to a secret of the machine, or for ever; one that answers too much.
    let redirect =
        |to: &str| format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let long = "x".repeat(100_000);
    let answers = [
        ("outside", "127.0.0.11", redirect("http://example.com/")),
        ("metadata", "127.0.0.12", redirect("http://169.254.169.254/latest/meta-data/")),
        ("ports", "127.0.0.13", redirect("http://ports.qp.local:2019/config/")),
        ("loop", "127.0.0.14", redirect("/again")),
        ("much", "127.0.0.15", format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{long}", long.len())),
        ("wrong", "127.0.0.16", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong".to_owned()),
        ("missing", "127.0.0.17", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned()),
    ];
    for (name, ip, answer) in answers {
        house.direct(name, &format!("{ip}:9")).await?;
        serve(format!("{ip}:{}", house.challenge), answer).await?;
    }
    let (nobody, outside, metadata, ports, endless, much, wrong, missing) = tokio::join!(
        fails("nobody.qp.local"),
        fails("outside.qp.local"),
        fails("metadata.qp.local"),
        fails("ports.qp.local"),
        fails("loop.qp.local"),
        fails("much.qp.local"),
        fails("wrong.qp.local"),
        fails("missing.qp.local"),
    );
    is(&nobody?, "dns", "has no address in the zone")?;
    is(&outside?, "connection", "not a name below the domain")?;
    is(&metadata?, "connection", "not a name below the domain")?;
    is(&ports?, "connection", "a port where no service answers")?;
    is(&endless?, "connection", "more than 3 times")?;
    is(&much?, "incorrectResponse", "more than 4096 octets")?;
    is(&wrong?, "incorrectResponse", "not with the proof")?;
    is(&missing?, "incorrectResponse", "answers 404")?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_fulfilled_on_postgresql_too() -> Result<()> {
    let postgres = testkit::Postgres::start()?;
    let house = House::with(&format!("database:\n  url: {}\n", postgres.database().await?)).await?;
    let client = Client::new(&house).await?;
    let order = client.ready(&house, &["core.qp.local", "*.core.qp.local"]).await?;
    let san = "-subj / -addext subjectAltName=DNS:core.qp.local,DNS:*.core.qp.local";
    let done = client.finalize(&house, &order, san).await?;
    ensure!(done.status == 200 && done.body["status"] == "valid", "{done:?}");
    let chain = client.read_signed(&done.text_of("certificate")?).await?;
    let revoke = json!({ "certificate": der(&house, &chain.text)? });
    ensure!(client.post("revoke", &revoke).await?.status == 200);
    refused(&client.post("revoke", &revoke).await?, 400, "alreadyRevoked")?;

    // What an operator sees, and can do.
    let order = client.ready(&house, &["two.qp.local"]).await?;
    client.finalize(&house, &order, "-subj / -addext subjectAltName=DNS:two.qp.local").await?;
    let list = ok(&house.ports, "GET", "/tls/acme", None).await?;
    let states: Vec<_> = list["certs"].as_array().context("certs")?.iter().map(|each| &each["status"]).collect();
    ensure!(states == ["valid", "revoked"] && list["certs"][0]["names"] == json!(["two.qp.local"]), "{list}");
    ensure!(list["output"].as_str().is_some_and(|text| text.starts_with("SERIAL ")), "{list}");
    let path = format!("/tls/acme/{}/revoke", list["certs"][0]["serial"].as_str().context("serial")?);
    ok(&house.ports, "POST", &path, None).await?;
    let (status, twice) = crate::mesh::call(&house.ports, "POST", &path, None).await?;
    ensure!(status == 200 && twice["ok"] == false, "{twice}");
    ensure!(crate::mesh::call(&house.ports, "POST", "/tls/acme/zz/revoke", None).await?.0 == 422);
    let revoked = house.entries("cert_revoke").await?;
    ensure!(revoked.len() == 2 && revoked[0]["user"] == "root", "{revoked:?}");
    let again = client.post_by_key("new-account", &json!({})).await?;
    ensure!(again.status == 200 && again.header("location") == client.account, "{again:?}");
    let begun = client.order(&["two.qp.local"]).await?;
    ensure!(client.post(&client.account, &json!({ "status": "deactivated" })).await?.body["status"] == "deactivated");
    ensure!(begun.status == 201 && house.entries("acme_account_deactivate").await?.len() == 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_makes_too_many_accounts_is_told_to_wait() -> Result<()> {
    let house = House::start().await?;
    for _ in 0..60 {
        Client::new(&house).await?;
    }
    let late = Client::nobody(&house)?.post_by_key("new-account", &json!({})).await?;
    refused(&late, 429, "rateLimited")?;
    ensure!(late.header("retry-after").parse::<u32>().is_ok_and(|seconds| (1..=3600).contains(&seconds)), "{late:?}");
    Ok(())
}

/// The first certificate of a chain, as a request for its revocation has it.
fn der(house: &House, chain: &str) -> Result<String> {
    let path = house.directory.path().join("leaf.pem");
    super::write(&path, chain)?;
    let mut command = std::process::Command::new("sh");
    command.arg("-c").arg("openssl x509 -outform DER | base64 -w0").stdin(std::fs::File::open(path)?);
    Ok(super::run(&mut command)?.trim().trim_end_matches('=').replace('+', "-").replace('/', "_"))
}

/// Answers everything with the same bytes, as long as the test runs.
async fn serve(at: String, answer: String) -> Result<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind(&at).await.with_context(|| at.clone())?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_a_validation_that_a_crash_interrupts_goes_on() -> Result<()> {
    let mut house = House::start().await?;
    let client = Client::new(&house).await?;
    let order = client.order(&["core.qp.local"]).await?;
    let authorization = order.body["authorizations"][0].as_str().context("one")?.to_owned();
    let url = order.header("location").to_owned();
    house.daemon.set_environment("PLENUM_FAILPOINT", Some("acme.after_start"));
    house.daemon.restart().await?;
    ok(&house.ports, "GET", "/ping", None).await?;
    // The client's nonce was of another process.
    refused(&client.read_signed(&authorization).await?, 400, "badNonce")?;
    ensure!(client.prove(&house, &authorization).await.is_err());
    house.daemon.wait_exit(std::time::Duration::from_secs(10))?;
    house.daemon.set_environment("PLENUM_FAILPOINT", None);
    house.daemon.start_again().await?;
    client.get("new-nonce").await?;
    let order = client.until(&url, &["ready", "invalid"]).await?;
    ensure!(order.body["status"] == "ready", "{order:?}");
    Ok(())
}
