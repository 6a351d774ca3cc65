//! Names that no route has: Caddy asks for them, and a new service answers without a load.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use plenum_caddy::config::{Certificate, Dynamic, Layout, Protocol, REDIRECT, Upstream, Verify};
use plenum_caddy::names::UrlPath;

use crate::authority::Ca;
use crate::client::{self, echoes, get, get_plain, told, upgrade};
use crate::home::{Home, STOP, id, route};
use crate::upstream::{Reply, Server};

type Headers = Vec<(&'static str, String)>;

/// What the other side of `Dynamic` knows, and what it was asked.
#[derive(Default)]
pub(crate) struct Registry {
    pub(crate) certificates: HashMap<String, Certificate>,
    pub(crate) routes: HashMap<(String, String), Headers>,
    pub(crate) asked: Vec<String>,
}

pub(crate) type Shared = Arc<Mutex<Registry>>;

pub(crate) async fn registry() -> (Shared, Server) {
    let shared = Shared::default();
    let known = Arc::clone(&shared);
    let server = Server::answering(move |request| {
        let known = Arc::clone(&known);
        async move { answer(&known, &request) }
    })
    .await;
    (shared, server)
}

fn answer(shared: &Shared, request: &Request<Incoming>) -> Reply {
    let mut known = shared.lock().unwrap();
    known.asked.push(format!("{} {}", request.method(), request.uri().path()));
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let empty = |status| Response::builder().status(status).body(Full::default()).unwrap();
    match request.uri().path() {
        "/secret/certificate" => {
            let query = request.uri().query().unwrap_or_default();
            let name = query.split('&').find_map(|pair| pair.strip_prefix("server_name=")).unwrap_or_default();
            match known.certificates.get(name) {
                Some(certificate) => {
                    Response::new(Full::from(format!("{}{}", certificate.chain_pem, certificate.key_pem)))
                }
                None => empty(StatusCode::NO_CONTENT),
            }
        }
        "/secret/route" => {
            assert!(header("cookie").is_none() && header("authorization").is_none());
            let host = header("x-forwarded-host").unwrap();
            let host = host.split(':').next().unwrap().to_owned();
            let Some(headers) = known.routes.get(&(header("x-forwarded-proto").unwrap(), host)) else {
                return empty(StatusCode::NOT_FOUND);
            };
            let mut reply = Response::builder();
            for (name, value) in headers {
                reply = reply.header(*name, value);
            }
            reply.body(Full::default()).unwrap()
        }
        _ => empty(StatusCode::FORBIDDEN),
    }
}

#[tokio::test]
async fn a_new_service_answers_over_tls_without_a_load() {
    let (home, ca, upstream) = (Home::new(), Ca::new("ours"), Server::plain().await);
    let theirs = Ca::new("theirs");
    let secure = Server::tls(&theirs.issue("127.0.0.1")).await;
    let (known, server) = registry().await;
    let process = home.start().await;
    let authorities = vec![(id("theirs"), theirs.as_authority())];
    let dynamic = Dynamic::new(server.address.clone(), UrlPath::new("/secret").unwrap(), authorities).unwrap();
    let mut config =
        home.config(vec![route("settled.lab.test", &upstream.address, Some(ca.issue("settled.lab.test")))]);
    config.dynamic = Some(dynamic.clone());
    config.logs = Some(home.logs(Layout::FileEach));
    process.admin().load(&config.render()).await.unwrap();

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
        {
            let mut known = known.lock().unwrap();
            known.certificates.insert(name.clone(), certificate);
            known.routes.insert(("https".to_owned(), name.clone()), dynamic.answer(&upstream).unwrap().to_vec());
            known.routes.insert(("http".to_owned(), name.clone()), vec![(REDIRECT.0, REDIRECT.1.to_owned())]);
        }
        let told = told(&ca, &name, home.https, "/a?b=c").await;
        println!("{name} answered after {:?}", began.elapsed());
        assert_eq!((&told["version"], &told["uri"]), (&version.into(), &"/a?b=c".into()), "{name}");
        assert_eq!(told["headers"]["x-forwarded-proto"], "https");
        assert_eq!(get_plain(&name, home.http, "/").await.status(), 308);
    }
    // Another authority, or a name of its own, needs a route.
    assert!(dynamic.answer(&https(Verify::Ca(ca.as_authority()))).is_none());

    // A body and what is secret in a request go to the service, and to nobody else.
    let client = client::builder(&ca, "new.lab.test", home.https).build().unwrap();
    let request = client.post(format!("https://new.lab.test:{}/", home.https)).body(vec![b'x'; 3_000_000]);
    let told_ = client::json(request.header("Cookie", "a=b").send().await.unwrap()).await;
    assert_eq!((&told_["body"], &told_["method"]), (&3_000_000.into(), &"POST".into()));
    assert_eq!(told_["headers"]["cookie"], "a=b");
    for name in ["new.lab.test", "h2c.lab.test"] {
        let stream = client::tls(&ca, name, home.https).await.unwrap();
        assert!(echoes(&mut upgrade(stream, &format!("{name}:{}", home.https)).await, "hello").await, "{name}");
    }
    process.stop(STOP).await.unwrap();
}

#[tokio::test]
async fn f_routes_do_not_need_whoever_answers_for_the_others() {
    let (home, ca, upstream) = (Home::new(), Ca::new("ours"), Server::plain().await);
    let (known, server) = registry().await;
    let process = home.start().await;
    let mut config =
        home.config(vec![route("settled.lab.test", &upstream.address, Some(ca.issue("settled.lab.test")))]);
    let dynamic = |address| Some(Dynamic::new(address, UrlPath::new("/secret").unwrap(), Vec::new()).unwrap());
    config.dynamic = dynamic(server.address.clone());
    process.admin().load(&config.render()).await.unwrap();
    for _ in 0..3 {
        told(&ca, "settled.lab.test", home.https, "/").await;
    }
    assert_eq!(known.lock().unwrap().asked, [""; 0]);

    config.dynamic = dynamic(format!("127.0.0.1:{}", testkit::free_port()).parse().unwrap());
    process.admin().load(&config.render()).await.unwrap();
    told(&ca, "settled.lab.test", home.https, "/").await;
    assert!(get(&ca, "new.lab.test", home.https, "/").await.is_err());
    assert_eq!(get_plain("new.lab.test", home.http, "/").await.status(), 502);
    process.stop(STOP).await.unwrap();
}

#[test]
fn a_prefix_is_a_path_and_nothing_else() {
    for prefix in ["/secret?x=1", "/secret/", "/se%63ret"] {
        let address = "127.0.0.1:80".parse().unwrap();
        assert!(Dynamic::new(address, UrlPath::new(prefix).unwrap(), Vec::new()).is_err(), "{prefix}");
    }
}
