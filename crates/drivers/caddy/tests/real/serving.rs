//! What a rendered configuration makes Caddy do with requests.

use std::process::Stdio;
use std::time::Duration;

use plenum_caddy::config::{Health, Layout, Logs, Protocol, Upstream, Verify};
use plenum_caddy::names::UrlPath;
use serde_json::Value;

use crate::authority::Ca;
use crate::client::{self, echoes, get, get_plain, json, told, upgrade};
use crate::home::{Home, id, route};
use crate::upstream::Server;

#[tokio::test]
async fn https_routes_answer_with_our_certificate_and_plain_http_is_redirected() {
    let (home, ca, upstream) = (Home::new(), Ca::new("ours"), Server::plain().await);
    let process = home.start().await;
    let routes = vec![
        route("app.lab.test", &upstream.address, Some(ca.issue("app.lab.test"))),
        route("*.wild.lab.test", &upstream.address, Some(ca.issue("*.wild.lab.test"))),
        route("plain.lab.test", &upstream.address, None),
        route("plain.wild.lab.test", &upstream.address, None),
    ];
    process.admin().load(&home.config(routes).render()).await.unwrap();

    let told_ = told(&ca, "app.lab.test", home.https, "/a?b=c").await;
    assert_eq!((told_["method"].as_str(), told_["uri"].as_str()), (Some("GET"), Some("/a?b=c")));
    assert_eq!(told_["headers"]["x-forwarded-for"], "127.0.0.1");
    assert_eq!(told_["headers"]["x-forwarded-proto"], "https");
    assert_eq!(told_["headers"]["x-forwarded-host"], format!("app.lab.test:{}", home.https));
    assert_eq!(told(&ca, "any.wild.lab.test", home.https, "/").await["version"], "HTTP/1.1");
    // Another authority than ours is not trusted by this client: what was shown is ours.
    let stranger = Ca::new("another");
    assert!(get(&stranger, "app.lab.test", home.https, "/").await.unwrap_err().is_connect());

    let redirect = get_plain("app.lab.test", home.http, "/a?b=c").await;
    assert_eq!(redirect.status(), 308);
    assert_eq!(redirect.headers()["location"], format!("https://app.lab.test:{}/a?b=c", home.https));
    assert_eq!(get_plain("x.wild.lab.test", home.http, "/").await.status(), 308);
    for name in ["plain.lab.test", "plain.wild.lab.test"] {
        let answer = get_plain(name, home.http, "/").await;
        assert_eq!(answer.status(), 200, "{name}");
        assert_eq!(json(answer).await["headers"]["x-forwarded-proto"], "http");
    }

    let unknown = get_plain("unknown.lab.test", home.http, "/").await;
    assert_eq!(unknown.status(), 404);
    assert!(unknown.text().await.unwrap().contains("no service"));
    // A name without a certificate cannot be served, and is not served with another's.
    assert!(get(&ca, "unknown.lab.test", home.https, "/").await.unwrap_err().is_connect());
    process.stop(crate::home::STOP).await.unwrap();
}

#[tokio::test]
async fn a_client_cannot_forge_who_it_is_nor_ask_for_another_name() {
    let (home, ca, upstream) = (Home::new(), Ca::new("ours"), Server::plain().await);
    let process = home.start().await;
    let routes = ["one.lab.test", "two.lab.test"].map(|name| route(name, &upstream.address, Some(ca.issue(name))));
    process.admin().load(&home.config(routes.to_vec()).render()).await.unwrap();

    let client = client::builder(&ca, "one.lab.test", home.https).http1_only().build().unwrap();
    let request = |host: &str| {
        let url = format!("https://one.lab.test:{}/", home.https);
        client.get(url).header("Host", host).header("X-Forwarded-For", "6.6.6.6").header("X-Forwarded-Proto", "http")
    };
    let answer = json(request("one.lab.test").send().await.unwrap()).await;
    assert_eq!(answer["headers"]["x-forwarded-for"], "127.0.0.1");
    assert_eq!(answer["headers"]["x-forwarded-proto"], "https");
    assert_eq!(request("two.lab.test").send().await.unwrap().status(), 421);
    process.stop(crate::home::STOP).await.unwrap();
}

#[tokio::test]
async fn upstreams_speak_https_with_their_own_authority_and_h2c() {
    let (home, ca) = (Home::new(), Ca::new("ours"));
    let (theirs, stranger) = (Ca::new("theirs"), Ca::new("stranger"));
    let secure = Server::tls(&theirs.issue("inside.lab.test")).await;
    let plain = Server::plain().await;
    let process = home.start().await;
    let https = |verify, name: Option<&str>| Upstream {
        protocol: Protocol::Https,
        verify,
        server_name: name.map(crate::home::host),
        ..Upstream::http(secure.address.clone())
    };
    let upstreams = [
        ("trusted", https(Verify::Ca(theirs.as_authority()), Some("inside.lab.test"))),
        ("misnamed", https(Verify::Ca(theirs.as_authority()), None)),
        ("strange", https(Verify::Ca(stranger.as_authority()), Some("inside.lab.test"))),
        ("public", https(Verify::SystemRoots, Some("inside.lab.test"))),
        ("insecure", https(Verify::Insecure, None)),
        ("h2c", Upstream { protocol: Protocol::H2c, ..Upstream::http(plain.address.clone()) }),
    ];
    let certificate = ca.issue("*.lab.test");
    let routes = upstreams.map(|(name, upstream)| {
        let mut route = route(&format!("{name}.lab.test"), &plain.address, Some(certificate.clone()));
        route.upstream = upstream;
        route
    });
    process.admin().load(&home.config(routes.to_vec()).render()).await.unwrap();

    for name in ["trusted", "insecure"] {
        let told = told(&ca, &format!("{name}.lab.test"), home.https, "/").await;
        assert_eq!(told["version"], "HTTP/1.1", "{name}");
        assert_eq!(told["headers"]["host"], format!("{name}.lab.test:{}", home.https));
    }
    assert_eq!(told(&ca, "h2c.lab.test", home.https, "/").await["version"], "HTTP/2.0");
    for name in ["misnamed", "strange", "public"] {
        let answer = get(&ca, &format!("{name}.lab.test"), home.https, "/").await.unwrap();
        assert_eq!(answer.status(), 502, "{name}");
        assert!(answer.text().await.unwrap().starts_with("502 Bad Gateway"));
    }
    for name in ["trusted.lab.test", "h2c.lab.test"] {
        let stream = client::tls(&ca, name, home.https).await.unwrap();
        let mut socket = upgrade(stream, &format!("{name}:{}", home.https)).await;
        assert!(echoes(&mut socket, "hello through caddy").await, "{name}");
    }
    process.stop(crate::home::STOP).await.unwrap();
}

#[tokio::test]
async fn websockets_pass_and_long_requests_live_through_a_load() {
    let (home, ca, upstream) = (Home::new(), Ca::new("ours"), Server::plain().await);
    let process = home.start().await;
    let one = route("app.lab.test", &upstream.address, Some(ca.issue("app.lab.test")));
    let version = home.binary().version().await.unwrap();
    let mut config = home.config(vec![one]);
    config.version = Some(version);
    process.admin().load(&config.render()).await.unwrap();

    let stream = client::tls(&ca, "app.lab.test", home.https).await.unwrap();
    let mut socket = upgrade(stream, &format!("app.lab.test:{}", home.https)).await;
    assert!(echoes(&mut socket, "before").await);
    let long = {
        let client = client::builder(&ca, "app.lab.test", home.https).build().unwrap();
        let url = format!("https://app.lab.test:{}/wait/1500", home.https);
        tokio::spawn(async move { client.get(url).send().await.unwrap().status() })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    config.routes.push(route("new.lab.test", &upstream.address, Some(ca.issue("new.lab.test"))));
    let began = std::time::Instant::now();
    process.admin().load(&config.render()).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(1), "a load does not wait for what is under way");
    assert_eq!(told(&ca, "new.lab.test", home.https, "/").await["method"], "GET");
    assert!(!long.is_finished());
    assert_eq!(long.await.unwrap(), 200);
    // 2.6 ends upgraded connections with the configuration that they began under, and a client has to connect again.
    assert_eq!(echoes(&mut socket, "after").await, (version.major, version.minor) >= (2, 7));
    let stream = client::tls(&ca, "app.lab.test", home.https).await.unwrap();
    assert!(echoes(&mut upgrade(stream, &format!("app.lab.test:{}", home.https)).await, "again").await);
    process.stop(crate::home::STOP).await.unwrap();
}

#[tokio::test]
async fn v_old_tls_is_refused() {
    let (home, ca, upstream) = (Home::new(), Ca::new("ours"), Server::plain().await);
    let process = home.start().await;
    let one = route("app.lab.test", &upstream.address, Some(ca.issue("app.lab.test")));
    process.admin().load(&home.config(vec![one]).render()).await.unwrap();
    for (version, accepted) in [("-tls1", false), ("-tls1_1", false), ("-tls1_2", true), ("-tls1_3", true)] {
        let output = tokio::process::Command::new("openssl")
            .args([
                "s_client",
                "-connect",
                &format!("127.0.0.1:{}", home.https),
                "-servername",
                "app.lab.test",
                version,
            ])
            // A level at which openssl itself would offer the old versions.
            .args(["-cipher", "DEFAULT:@SECLEVEL=0"])
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), accepted, "{version}: {text}");
        if !accepted {
            assert!(text.contains("protocol version"), "refused for another reason: {text}");
        }
    }
    process.stop(crate::home::STOP).await.unwrap();
}

#[tokio::test]
async fn each_route_has_its_own_access_log_without_secrets() {
    // `a` is the beginning of `ab`: neither may be found in the other's file.
    let routes = [("a.lab.test", "a", true), ("ab.lab.test", "ab", true), ("quiet.lab.test", "quiet", false)];
    for layout in [Layout::FileEach, Layout::OneFile] {
        let (home, ca, upstream) = (Home::new(), Ca::new("ours"), Server::plain().await);
        let process = home.start().await;
        let routed = routes.map(|(name, ident, log)| {
            let mut route = route(name, &upstream.address, Some(ca.issue(name)));
            (route.id, route.log) = (id(ident), log);
            route
        });
        let logs = home.logs(layout);
        let mut config = home.config(routed.to_vec());
        config.logs = Some(logs.clone());
        process.admin().load(&config.render()).await.unwrap();
        for (name, _, _) in routes {
            let client = client::builder(&ca, name, home.https).build().unwrap();
            let request = client.get(format!("https://{name}:{}/status/500?x=\"}}{{", home.https));
            let request = request.header("Authorization", "Bearer hidden").header("Cookie", "session=hidden");
            assert_eq!(request.header("User-Agent", "evil\" \\ {env.HOME}").send().await.unwrap().status(), 500);
        }
        for (name, ident) in [("a.lab.test", "a"), ("ab.lab.test", "ab")] {
            let (path, logger) = (logs.file(&id(ident)), Logs::logger(&id(ident)));
            let text = || std::fs::read_to_string(&path).unwrap_or_default();
            let read = || -> Vec<Value> {
                let lines = text().lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
                lines.into_iter().filter(|line| line["logger"] == logger).collect()
            };
            let written = || text().ends_with('\n') && !read().is_empty();
            testkit::wait::until("an access log", Duration::from_secs(5), written).unwrap();
            let lines = read();
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert_eq!(lines[0]["request"]["host"], format!("{name}:{}", home.https));
            assert_eq!((&lines[0]["status"], lines[0]["request"]["method"].as_str()), (&500.into(), Some("GET")));
            assert_eq!(lines[0]["request"]["headers"]["User-Agent"][0], "evil\" \\ {env.HOME}");
            assert!(!text().contains("hidden") && !text().contains("quiet"));
            assert_eq!(text().lines().count(), if layout == Layout::FileEach { 1 } else { 2 });
        }
        assert_eq!(std::fs::read_dir(logs.directory.as_path()).unwrap().count(), text_files(layout));
        let own = std::fs::read_to_string(home.spec.log_file()).unwrap();
        assert!(!own.contains("/status/500"), "requests are not for the log of the program: {own}");
        process.stop(crate::home::STOP).await.unwrap();
    }
}

fn text_files(layout: Layout) -> usize {
    if layout == Layout::FileEach { 2 } else { 1 }
}

#[tokio::test]
async fn an_upstream_that_fails_its_health_question_is_not_asked_for_more() {
    let (home, ca, upstream) = (Home::new(), Ca::new("ours"), Server::plain().await);
    let process = home.start().await;
    let with = |name: &str, path: &str| {
        let mut route = route(name, &upstream.address, Some(ca.issue(name)));
        route.upstream.health = Some(Health { path: UrlPath::new(path).unwrap(), interval_s: 1, timeout_s: 1 });
        route
    };
    let config = home.config(vec![with("well.lab.test", "/health?full=1")]);
    process.admin().load(&config.render()).await.unwrap();
    assert_eq!(told(&ca, "well.lab.test", home.https, "/").await["method"], "GET");
    let config = home.config(vec![with("ill.lab.test", "/status/500")]);
    process.admin().load(&config.render()).await.unwrap();
    testkit::wait::until_async("the route to be taken out", Duration::from_secs(5), || async {
        get(&ca, "ill.lab.test", home.https, "/").await.unwrap().status() == 503
    })
    .await
    .unwrap();
    process.stop(crate::home::STOP).await.unwrap();
}
