//! The embedded engine's own answers, as `dig` sees them.

use std::net::{Ipv6Addr, SocketAddr};
use std::time::Duration;

use plenum_dns::client::{self, Rcode};
use plenum_dns::{Engine, Error, Kind, Options, Server, Zone};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{dig, ip, loopback, serve, zone};

#[tokio::test(flavor = "multi_thread")]
async fn names_of_the_zone_have_their_addresses_over_udp_and_tcp() {
    let server = serve(|_| {}).await;
    let at = server.address();
    for transport in ["+notcp", "+tcp", "+notcp +noedns"] {
        let web = dig(at, &format!("{transport} web.internal")).await;
        assert_eq!((web.status.as_str(), web.data()), ("NOERROR", vec!["10.0.0.1"]), "{}", web.text);
        assert!(web.has("aa") && web.has("ra") && web.has("rd") && !web.has("ad") && !web.has("tc"), "{}", web.text);
        let web = dig(at, &format!("{transport} web.internal AAAA")).await;
        assert_eq!(web.data(), ["fd00::1"]);
        let deep = dig(at, &format!("{transport} _http._tcp.deep.internal")).await;
        assert_eq!(deep.data(), ["203.0.113.7"]);
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_answered_and_change_at_once() {
    let server = serve(|_| {}).await;
    let at = server.address();
    let long = "x".repeat(255);
    let zone = zone().with_text("_acme-challenge.web", "one \"two\"").unwrap();
    server.set(zone.with_text("_acme-challenge.web", &long).unwrap());
    for transport in ["+notcp", "+tcp"] {
        let dug = dig(at, &format!("{transport} _ACME-challenge.web.internal TXT")).await;
        assert_eq!(dug.data(), ["\"one \\\"two\\\"\"", &format!("\"{long}\"")], "{}", dug.text);
        assert!(dug.has("aa"), "{}", dug.text);
    }
    let none = dig(at, "_acme-challenge.web.internal").await;
    assert_eq!((none.status.as_str(), none.data()), ("NOERROR", vec![]));
    assert_eq!(dig(at, "web.internal TXT").await.status, "NOERROR");
    server.set(crate::support::zone());
    assert_eq!(dig(at, "_acme-challenge.web.internal TXT").await.status, "NXDOMAIN");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn case_does_not_matter_and_is_repeated() {
    let server = serve(|_| {}).await;
    let web = dig(server.address(), "wEb.InTeRnAl").await;
    assert_eq!(web.data(), ["10.0.0.1"]);
    assert!(web.text.contains(";wEb.InTeRnAl."), "{}", web.text);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said_with_the_zones_record() {
    let server = serve(|_| {}).await;
    let at = server.address();
    let soa = "internal. nobody.invalid. 7 3600 600 86400 5";
    for (question, status) in [
        ("nope.internal", "NXDOMAIN"),
        ("x.web.internal", "NXDOMAIN"),
        ("web.internal MX", "NOERROR"),
        ("only4.internal AAAA", "NOERROR"),
        ("idle.internal", "NOERROR"),
        // Between the domain and a name.
        ("deep.internal", "NOERROR"),
        ("internal A", "NOERROR"),
    ] {
        let dug = dig(at, question).await;
        assert_eq!(dug.status, status, "{question}");
        assert!(dug.answers.is_empty() && dug.has("aa"), "{}", dug.text);
        assert_eq!(dug.authority, [("internal.".to_owned(), "SOA".to_owned(), soa.to_owned())], "{question}");
    }
    assert_eq!(dig(at, "internal SOA").await.data(), [soa]);
    assert_eq!(dig(at, "internal NS").await.data(), ["internal."]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_lead_back_to_names() {
    let server = serve(|_| {}).await;
    let at = server.address();
    for (address, name) in [
        ("10.0.0.1", "web.internal."),
        ("fd00::1", "web.internal."),
        ("203.0.113.7", "_http._tcp.deep.internal."),
        ("127.0.0.1", "localhost."),
        ("::1", "localhost."),
    ] {
        let dug = dig(at, &format!("-x {address}")).await;
        assert_eq!((dug.status.as_str(), dug.data()), ("NOERROR", vec![name]), "{}", dug.text);
    }
    for (question, status, zone) in [
        ("-x 10.0.0.99", "NXDOMAIN", "10.in-addr.arpa."),
        ("0.0.10.in-addr.arpa PTR", "NOERROR", "10.in-addr.arpa."),
        ("10.in-addr.arpa PTR", "NOERROR", "10.in-addr.arpa."),
        ("x.10.in-addr.arpa PTR", "NXDOMAIN", "10.in-addr.arpa."),
        ("1.0.0.10.in-addr.arpa A", "NOERROR", "10.in-addr.arpa."),
        ("-x 192.168.1.1", "NXDOMAIN", "168.192.in-addr.arpa."),
        ("-x fd00::2", "NXDOMAIN", "d.f.ip6.arpa."),
        ("-x fe80::2", "NXDOMAIN", "8.e.f.ip6.arpa."),
    ] {
        let dug = dig(at, question).await;
        assert_eq!(dug.status, status, "{question}");
        assert_eq!(dug.authority.first().map(|(owner, ..)| owner.as_str()), Some(zone), "{question}");
    }
    assert_eq!(dig(at, "10.in-addr.arpa SOA").await.answers.len(), 1);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_into_a_datagram_comes_over_tcp() {
    let server = serve(|_| {}).await;
    let at = server.address();
    for size in ["+noedns", "+bufsize=512", "+bufsize=1232", "+bufsize=4096"] {
        let cut = dig(at, &format!("{size} +ignore many.internal")).await;
        assert!(cut.has("tc") && cut.answers.is_empty(), "{}", cut.text);
    }
    let whole = dig(at, "many.internal").await;
    assert_eq!(whole.answers.len(), 100);
    assert!(whole.text.contains("(TCP)") || whole.text.contains("TCP mode"), "{}", whole.text);
    let asked = client::ask(at, "many.internal", client::Kind::A, Duration::from_secs(2)).await.unwrap();
    assert_eq!(asked.addresses.len(), 100);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_offered_is_refused_in_the_words_of_the_protocol() {
    let server = serve(|_| {}).await;
    let at = server.address();
    for (question, status) in [
        ("+opcode=NOTIFY internal SOA", "NOTIMP"),
        ("+opcode=UPDATE internal SOA", "NOTIMP"),
        ("version.bind CH TXT", "REFUSED"),
        ("web.internal TYPE250", "NOTIMP"),
        ("+edns=1 +noednsneg web.internal", "BADVERS"),
        ("+norecurse example.com", "REFUSED"),
        ("x.onion", "NXDOMAIN"),
        ("x.invalid", "NXDOMAIN"),
    ] {
        let dug = dig(at, question).await;
        assert_eq!(dug.status, status, "{question}\n{}", dug.text);
        assert!(dug.answers.is_empty());
    }
    let any = dig(at, "+notcp web.internal ANY").await;
    assert_eq!(any.data(), ["\"RFC8482\" \"\""], "{}", any.text);
    assert_eq!(dig(at, "localhost").await.data(), ["127.0.0.1"]);
    assert_eq!(dig(at, "a.localhost AAAA").await.data(), ["::1"]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_upstream_servers_no_other_name_exists() {
    let server = serve(|_| {}).await;
    for question in ["example.com", "example.com AAAA", "-x 8.8.8.8", "com NS", ". NS"] {
        let dug = dig(server.address(), question).await;
        assert_eq!(dug.status, "NXDOMAIN", "{question}");
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_families_are_served_on_the_port_that_was_given() {
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    let all = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
    let server = serve(|options| options.listen.extend([v6, all])).await;
    assert_eq!(server.addresses().len(), 3);
    let [_, six, every] = server.addresses() else { panic!("{:?}", server.addresses()) };
    for port in [six.port(), every.port()] {
        for transport in ["+notcp", "+tcp"] {
            let dug = dig((Ipv6Addr::LOCALHOST, port).into(), &format!("{transport} web.internal AAAA")).await;
            assert_eq!(dug.data(), ["fd00::1"]);
        }
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f28_a_port_that_is_taken_is_an_error_and_a_server_that_ended_gives_it_back() {
    let server = serve(|_| {}).await;
    let at = server.address();
    let mut options = Options::new(zone());
    options.listen = vec![at];
    let taken = Server::bind(options.clone()).await;
    assert!(matches!(&taken, Err(Error::Listen { address, .. }) if *address == at), "{taken:?}");
    // Taken for UDP only.
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    options.listen = vec![udp.local_addr().unwrap()];
    assert!(matches!(Server::bind(options.clone()).await, Err(Error::Listen { .. })));
    let _connection = TcpStream::connect(at).await.unwrap();
    let begin = std::time::Instant::now();
    server.shutdown().await;
    assert!(begin.elapsed() < Duration::from_millis(500), "{:?}", begin.elapsed());
    options.listen = vec![at];
    let again = Server::bind(options).await.unwrap();
    assert_eq!(dig(at, "web.internal").await.data(), ["10.0.0.1"]);
    again.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_never_asks_itself_and_always_listens_somewhere() {
    let port = testkit::free_port();
    let mut options = Options::new(zone());
    assert!(matches!(Server::bind(options.clone()).await, Err(Error::Option { .. })));
    options.listen = vec![loopback(port)];
    options.upstreams = vec![loopback(port)];
    assert!(matches!(Server::bind(options).await, Err(Error::Option { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_asks_and_times_out() {
    let server = serve(|_| {}).await;
    let at = server.address();
    let second = Duration::from_secs(1);
    let web = client::ask(at, "web.internal", client::Kind::Aaaa, second).await.unwrap();
    assert_eq!((web.addresses, web.rcode, web.authoritative), (vec![ip("fd00::1")], Rcode::NoError, true));
    assert!(web.took < second);
    let back = client::ask(at, "10.0.0.1", client::Kind::Ptr, second).await.unwrap();
    assert_eq!(back.names, ["web.internal"]);
    let soa = client::ask(at, "internal", client::Kind::Soa, second).await.unwrap();
    assert_eq!(soa.serial, Some(7));
    let missing = client::ask(at, "nope.internal", client::Kind::A, second).await.unwrap();
    assert_eq!((missing.rcode, missing.serial), (Rcode::NoSuchName, Some(7)));
    assert!(matches!(client::ask(at, "a b", client::Kind::A, second).await, Err(Error::Name { .. })));
    server.shutdown().await;
    // Nobody listens any more; the system may say so at once.
    let closed = client::ask(at, "web.internal", client::Kind::A, Duration::from_millis(200)).await;
    assert!(matches!(closed, Err(Error::Socket { .. } | Error::Timeout { .. })), "{closed:?}");
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let closed = client::ask(silent.local_addr().unwrap(), "a.b", client::Kind::A, Duration::from_millis(100)).await;
    assert!(matches!(closed, Err(Error::Timeout { .. })), "{closed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_limited_in_number_and_idle_time() {
    let server = serve(|options| {
        options.connections = 2;
        options.idle = Duration::from_millis(300);
    })
    .await;
    let at = server.address();
    let mut held = [TcpStream::connect(at).await.unwrap(), TcpStream::connect(at).await.unwrap()];
    // Accepted in the order in which they came, so there is no room left.
    let mut third = TcpStream::connect(at).await.unwrap();
    let mut byte = [0];
    assert!(matches!(third.read(&mut byte).await, Ok(0) | Err(_)), "the third connection is closed at once");
    // A byte now and then does not keep one.
    let begin = std::time::Instant::now();
    while held[0].write_all(&[0]).await.is_ok() && begin.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    assert!(matches!(held[1].read(&mut byte).await, Ok(0) | Err(_)));
    // Room again, a moment after the other side has seen the end.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(dig(at, "+tcp web.internal").await.data(), ["10.0.0.1"]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_is_asked_changed_flushed_explained_and_stopped() {
    let every = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
    let engine = Engine::Embedded(serve(|options| options.listen = vec![every]).await);
    let second = Duration::from_secs(1);
    assert_eq!(engine.ask("internal", client::Kind::Soa, second).await.unwrap().serial, Some(7));
    let next = Zone::new("internal").unwrap().with("new", ip("10.0.0.9")).unwrap().at_generation(8);
    engine.set(next).await.unwrap();
    let asked = engine.ask("new.internal", client::Kind::A, second).await.unwrap();
    assert_eq!(asked.addresses, [ip("10.0.0.9")]);
    assert_eq!(engine.ask("internal", client::Kind::Soa, second).await.unwrap().serial, Some(8));
    assert_eq!(engine.flush().await.unwrap(), Some(0));
    assert_eq!(engine.explain("web.internal").kind, Kind::NoSuchName);
    assert!(engine.is_alive());
    engine.stop().await.unwrap();
}
