//! Names that no route has: a new service answers without a load, and without anybody but Caddy.

use std::collections::BTreeSet;
use std::time::Instant;

use plenum_caddy::config::{Dynamic, Health, Layout, Logs, Protocol, Upstream, Verify};
use plenum_caddy::names::UrlPath;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::authority::Ca;
use crate::client::{self, echoes, get, get_plain, told, upgrade};
use crate::home::{Home, STOP, host, id, route};
use crate::upstream::Server;

#[tokio::test]
async fn a_new_service_answers_over_tls_without_a_load() {
    let (home, ca, upstream) = (Home::new(), Ca::new("ours"), Server::plain().await);
    let theirs = Ca::new("theirs");
    let secure = Server::tls(&theirs.issue("127.0.0.1")).await;
    let process = home.start().await;
    let dynamic = home.dynamic(vec![(id("the_irs"), theirs.as_authority())]);
    let settled = route("settled.lab.test", &upstream.address, Some(ca.issue("settled.lab.test")));
    let mut config = home.config(vec![settled]);
    config.dynamic = Some(dynamic.clone());
    process.admin().load(&config.render()).await.unwrap();
    let before = process.admin().config().await.unwrap();

    assert!(get(&ca, "new.lab.test", home.https, "/").await.is_err());
    assert_eq!(get_plain("new.lab.test", home.http, "/").await.status(), 404);

    let https = |verify| Upstream { protocol: Protocol::Https, verify, ..Upstream::http(secure.address.clone()) };
    for (name, upstream, version) in [
        ("new", Upstream::http(upstream.address.clone()), "HTTP/1.1"),
        ("h2c", Upstream { protocol: Protocol::H2c, ..Upstream::http(upstream.address.clone()) }, "HTTP/2.0"),
        ("insecure", https(Verify::Insecure), "HTTP/1.1"),
        ("theirs", https(Verify::Ca(theirs.as_authority())), "HTTP/1.1"),
    ] {
        let name = format!("{name}.lab.test");
        let certificate = ca.issue(&name);
        let began = Instant::now();
        assert!(dynamic.put(&host(&name), Some(&certificate), &upstream).unwrap());
        let told = told(&ca, &name, home.https, "/a?b=c").await;
        println!("{name} answered after {:?}", began.elapsed());
        assert_eq!((&told["version"], &told["uri"]), (&version.into(), &"/a?b=c".into()), "{name}");
        assert_eq!(told["headers"]["x-forwarded-proto"], "https");
        let redirect = get_plain(&name, home.http, "/a").await;
        assert_eq!((redirect.status().as_u16(), redirect.headers().contains_key("location")), (308, true));
    }
    for name in ["new.lab.test", "h2c.lab.test"] {
        let stream = client::tls(&ca, name, home.https).await.unwrap();
        assert!(echoes(&mut upgrade(stream, &format!("{name}:{}", home.https)).await, "hello").await, "{name}");
    }
    // What has a route is not looked up.
    dynamic.put(&host("settled.lab.test"), None, &https(Verify::Insecure)).unwrap();
    assert_eq!(told(&ca, "settled.lab.test", home.https, "/").await["version"], "HTTP/1.1");
    assert_eq!(process.admin().config().await.unwrap(), before);
    process.stop(STOP).await.unwrap();
}

#[tokio::test]
async fn a_service_proves_its_name_over_plain_http_and_nothing_else() {
    let (home, ca, upstream) = (Home::new(), Ca::new("ours"), Server::plain().await);
    let process = home.start().await;
    let dynamic = home.dynamic(Vec::new());
    let settled = route("settled.lab.test", &upstream.address, Some(ca.issue("settled.lab.test")));
    let mut config = home.config(vec![settled]);
    (config.dynamic, config.challenges) = (Some(dynamic.clone()), true);
    process.admin().load(&config.render()).await.unwrap();
    let new = host("new.lab.test");
    assert!(dynamic.put(&new, Some(&ca.issue("new.lab.test")), &Upstream::http(upstream.address.clone())).unwrap());
    for name in ["settled.lab.test", "new.lab.test"] {
        let proof = get_plain(name, home.http, "/.well-known/acme-challenge/abc").await;
        assert_eq!(proof.status(), 200, "{name}");
        let told: serde_json::Value = serde_json::from_str(&proof.text().await.unwrap()).unwrap();
        assert_eq!(told["uri"], "/.well-known/acme-challenge/abc");
        assert_eq!(told["headers"]["x-forwarded-proto"], "http");
        for other in ["/", "/.well-known/acme-challenge", "/.well-known/x", "/a/.well-known/acme-challenge/abc"] {
            assert_eq!(get_plain(name, home.http, other).await.status(), 308, "{name} {other}");
        }
    }
    let nobody = get_plain("nobody.lab.test", home.http, "/.well-known/acme-challenge/abc").await;
    assert_eq!(nobody.status(), 404);
    process.stop(STOP).await.unwrap();
}

#[tokio::test]
async fn a_service_moves_gets_another_certificate_and_goes_without_a_load() {
    let (home, ca, other) = (Home::new(), Ca::new("ours"), Ca::new("other"));
    let (one, two) = (Server::plain().await, Server::tls(&ca.issue("127.0.0.1")).await);
    let process = home.start().await;
    let dynamic = home.dynamic(Vec::new());
    let mut config = home.config(Vec::new());
    config.dynamic = Some(dynamic.clone());
    config.logs = Some(home.logs(Layout::FileEach));
    process.admin().load(&config.render()).await.unwrap();

    let name = host("app.lab.test");
    let first = Upstream::http(one.address.clone());
    let second =
        Upstream { protocol: Protocol::Https, verify: Verify::Insecure, ..Upstream::http(two.address.clone()) };
    for upstream in [&first, &second, &first] {
        assert!(dynamic.put(&name, Some(&ca.issue("app.lab.test")), upstream).unwrap());
        let host = told(&ca, "app.lab.test", home.https, "/").await["headers"]["host"].clone();
        assert_eq!(host, format!("app.lab.test:{}", home.https));
        let entries: Vec<_> = std::fs::read_dir(dynamic.directory.join("https/app.lab.test")).unwrap().collect();
        assert_eq!(entries.len(), 1);
    }
    dynamic.put(&name, Some(&other.issue("app.lab.test")), &first).unwrap();
    assert!(get(&ca, "app.lab.test", home.https, "/").await.is_err());
    assert_eq!(told(&other, "app.lab.test", home.https, "/").await["method"], "GET");
    dynamic.put(&name, None, &first).unwrap();
    assert!(get(&other, "app.lab.test", home.https, "/").await.is_err());
    assert_eq!(get_plain("app.lab.test", home.http, "/").await.status(), 200);
    assert_eq!(dynamic.hosts().unwrap(), BTreeSet::from([name.clone()]));
    dynamic.remove(&name).unwrap();
    dynamic.remove(&name).unwrap();
    assert_eq!(get_plain("app.lab.test", home.http, "/").await.status(), 404);
    assert!(dynamic.hosts().unwrap().is_empty());

    let log = std::fs::read_to_string(home.logs(Layout::FileEach).file_of_names()).unwrap();
    assert!(log.lines().count() >= 5 && log.contains("app.lab.test"), "{log}");
    process.stop(STOP).await.unwrap();
}

#[tokio::test]
async fn v_hostile_names_find_nothing_in_the_directory() {
    let (home, ca, upstream) = (Home::new(), Ca::new("ours"), Server::plain().await);
    let process = home.start().await;
    let dynamic = home.dynamic(Vec::new());
    let mut config = home.config(Vec::new());
    config.dynamic = Some(dynamic.clone());
    process.admin().load(&config.render()).await.unwrap();
    dynamic.put(&host("app.lab.test"), None, &Upstream::http(upstream.address.clone())).unwrap();
    dynamic
        .put(&host("secret.lab.test"), Some(&ca.issue("secret.lab.test")), &Upstream::http(upstream.address.clone()))
        .unwrap();

    let status = async |port: u16, target: &str, name: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        (answer.get(9..12).unwrap_or_default().to_owned(), answer)
    };
    assert_eq!(status(home.http, "/", "app.lab.test").await.0, "200");
    for name in [
        "*",
        "app.lab.tes?",
        "app.lab.tes[t]",
        "*.lab.test",
        "..",
        ".",
        "../http/app.lab.test",
        "{http.request.host}",
        "a/../app.lab.test",
    ] {
        let (code, answer) = status(home.http, "/", name).await;
        assert!(code == "404" || code == "400", "{name}: {answer}");
    }
    // The certificates: not without the path, not outside of the directory, not what is no certificate.
    let path = "/s3cret/certificate?server_name=";
    assert!(status(dynamic.port, &format!("{path}secret.lab.test"), "x").await.1.contains("PRIVATE KEY"));
    for target in [
        "/certificate?server_name=secret.lab.test".to_owned(),
        "/secret.lab.test.pem".to_owned(),
        format!("{path}../../caddy/first"),
        format!("{path}..%2f..%2f..%2fetc%2fpasswd%00"),
        format!("{path}*"),
        path.to_owned(),
        "/s3cret/issue?domain=secret.lab.test".to_owned(),
    ] {
        let (code, answer) = status(dynamic.port, &target, "x").await;
        assert!(matches!(code.as_str(), "403" | "204" | "400"), "{target}: {answer}");
        assert!(!answer.contains("PRIVATE"), "{target}");
    }
    process.stop(STOP).await.unwrap();
}

#[tokio::test]
async fn what_only_a_route_can_do_is_left_to_one() {
    let (home, ca) = (Home::new(), Ca::new("ours"));
    let dynamic: Dynamic = home.dynamic(Vec::new());
    let plain = Upstream::http("127.0.0.1:80".parse().unwrap());
    let named = Upstream { protocol: Protocol::Https, server_name: Some(host("inside.test")), ..plain.clone() };
    let strange = Upstream { protocol: Protocol::Https, verify: Verify::Ca(ca.as_authority()), ..plain.clone() };
    let health = Some(Health { path: UrlPath::new("/").unwrap(), interval_s: 1, timeout_s: 1 });
    let asked = Upstream { health, ..plain.clone() };
    for (name, upstream) in [("*.lab.test", plain), ("a.test", named), ("b.test", strange), ("c.test", asked)] {
        assert!(!dynamic.put(&host(name), None, &upstream).unwrap(), "{name}");
    }
    assert!(dynamic.hosts().unwrap().is_empty());
    assert!(Logs::logger(&id("a")).ends_with(".a"));
}
