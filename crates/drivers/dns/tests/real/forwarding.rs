//! Questions to the outside, with dnsmasq as the outside.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use plenum_dns::client::{self, Rcode};
use plenum_dns::{Kind, Options, Recursion, Server};

use crate::support::{Upstream, dig, ip, loopback, serve, zone};

const WORLD: [&str; 9] = [
    "--address=/ready.test/203.0.113.1",
    "--address=/public.example/203.0.113.10",
    "--address=/public.example/2001:db8::10",
    "--address=/evil.example/10.0.0.66",
    "--host-record=mapped.example,::ffff:10.0.0.66",
    "--txt-record=text.example,hello",
    "--mx-host=mail.example,mx.mail.example,10",
    "--cname=www.example,real.example",
    "--host-record=real.example,203.0.113.20,60",
];

/// The world, where nothing else exists.
async fn world() -> Upstream {
    let mut settings = WORLD.to_vec();
    settings.extend(["--local=/example/", "--local=/internal/", "--local-ttl=60", "--auth-ttl=60"]);
    Upstream::start(&settings).await
}

#[tokio::test(flavor = "multi_thread")]
async fn names_from_outside_are_asked_for_and_remembered() {
    let world = world().await;
    let server = serve(|options| options.upstreams = vec![world.address]).await;
    let at = server.address();
    for (question, expected) in [
        ("public.example", vec!["203.0.113.10"]),
        ("public.example AAAA", vec!["2001:db8::10"]),
        ("+tcp public.example", vec!["203.0.113.10"]),
        ("text.example TXT", vec!["\"hello\""]),
        ("mail.example MX", vec!["10 mx.mail.example."]),
        ("www.example", vec!["real.example.", "203.0.113.20"]),
    ] {
        let dug = dig(at, question).await;
        assert_eq!((dug.status.as_str(), dug.data()), ("NOERROR", expected), "{}", dug.text);
        assert!(dug.has("ra") && !dug.has("aa"), "{}", dug.text);
    }
    assert_eq!(dig(at, "nope.example").await.status, "NXDOMAIN");
    assert_eq!(dig(at, "real.example MX").await.status, "NOERROR");
    let case = dig(at, "PuBlIc.ExAmPlE").await;
    assert!(case.text.contains(";PuBlIc.ExAmPlE."), "{}", case.text);
    // Remembered: the outside is gone and the answers are still there, a little older.
    drop(world);
    let dug = dig(at, "public.example").await;
    assert_eq!(dug.data(), ["203.0.113.10"]);
    let explained = server.explain("public.example");
    assert_eq!(explained.kind, Kind::Forwarded);
    assert!(explained.answers.contains(&ip("203.0.113.10")), "{explained:?}");
    // Forgotten: nobody knows any more.
    let entries = server.statistics().entries;
    assert!(entries >= 6, "{entries}");
    assert_eq!((server.flush(), server.flush()), (entries, 0));
    assert_eq!(dig(at, "public.example").await.status, "SERVFAIL");
    assert_eq!(server.explain("public.example").kind, Kind::Failed);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_our_names_are_never_asked_for_outside() {
    // The outside claims to know a name of ours, and every address.
    let world = Upstream::start(&["--address=/#/203.0.113.66"]).await;
    let server = serve(|options| options.upstreams = vec![world.address]).await;
    let at = server.address();
    assert_eq!(dig(at, "anything.example").await.data(), ["203.0.113.66"]);
    assert_eq!(dig(at, "nope.internal").await.status, "NXDOMAIN");
    assert_eq!(dig(at, "internal").await.answers.len(), 0);
    assert_eq!(dig(at, "web.internal").await.data(), ["10.0.0.1"]);
    assert_eq!(dig(at, "x.onion").await.status, "NXDOMAIN");
    assert_eq!(dig(at, "5.0.0.10.in-addr.arpa A").await.status, "NXDOMAIN");
    assert_eq!(dig(at, "8.8.8.8.in-addr.arpa A").await.data(), ["203.0.113.66"]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_an_answer_with_an_address_of_ours_is_refused() {
    let world = world().await;
    let careful = serve(|options| options.upstreams = vec![world.address]).await;
    for question in ["evil.example", "+tcp evil.example", "mapped.example AAAA", "evil.example"] {
        let dug = dig(careful.address(), question).await;
        assert_eq!((dug.status.as_str(), dug.answers.len()), ("REFUSED", 0), "{question}");
    }
    assert_eq!(careful.explain("evil.example").kind, Kind::Rebinding);
    assert!(careful.statistics().rebinding > 0);
    careful.shutdown().await;
    let trusting = serve(|options| {
        options.upstreams = vec![world.address];
        options.allow_private_answers = true;
    })
    .await;
    assert_eq!(dig(trusting.address(), "evil.example").await.data(), ["10.0.0.66"]);
    trusting.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f29_a_black_hole_is_a_failure_in_bounded_time_and_blocks_nobody() {
    let hole = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = serve(|options| options.upstreams = vec![hole.local_addr().unwrap()]).await;
    let at = server.address();
    let begin = Instant::now();
    let lost: Vec<_> = (0..200)
        .map(|number| {
            let ask = async move {
                client::ask(at, &format!("n{number}.example"), client::Kind::A, Duration::from_secs(20)).await
            };
            tokio::spawn(ask)
        })
        .collect();
    for _ in 0..20 {
        let web = client::ask(at, "web.internal", client::Kind::A, Duration::from_secs(1)).await.unwrap();
        assert_eq!(web.addresses, [ip("10.0.0.1")]);
    }
    for task in lost {
        assert_eq!(task.await.unwrap().unwrap().rcode, Rcode::ServerFailure);
    }
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_upstream_server_answers_when_the_first_does_not() {
    let world = world().await;
    let hole = UdpSocket::bind("127.0.0.1:0").unwrap();
    let closed = loopback(testkit::free_port());
    for first in [hole.local_addr().unwrap(), closed] {
        let server = serve(|options| options.upstreams = vec![first, world.address]).await;
        let asked =
            client::ask(server.address(), "public.example", client::Kind::A, Duration::from_secs(6)).await.unwrap();
        assert_eq!(asked.addresses, [ip("203.0.113.10")]);
        server.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_get_our_names_and_nothing_else() {
    let Some(address) = outer_address() else { panic!("this machine has no address but loopback") };
    let world = world().await;
    for (recursion, expected) in
        [(Recursion::Loopback, "REFUSED"), (Recursion::Everyone, "NOERROR"), (Recursion::Private, "")]
    {
        let mut options = Options::new(zone());
        options.listen = vec![(address, 0).into()];
        options.upstreams = vec![world.address];
        options.recursion = recursion;
        let server = Server::bind(options).await.unwrap();
        assert_eq!(dig(server.address(), "web.internal").await.data(), ["10.0.0.1"]);
        let dug = dig(server.address(), "public.example").await;
        if !expected.is_empty() {
            assert_eq!(dug.status, expected, "{recursion:?}");
            assert_eq!(dug.has("ra"), expected == "NOERROR");
        }
        server.shutdown().await;
    }
}

/// An address of this machine that others can reach; asking ourselves there, we look like one of them.
fn outer_address() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Sends nothing, but makes the system choose an address.
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[tokio::test(flavor = "multi_thread")]
async fn long_answers_from_outside_come_whole_over_tcp() {
    let records: Vec<String> = (1..=150).map(|last| format!("--host-record=big.example,203.0.113.{last}")).collect();
    let world = Upstream::start(&records.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let server = serve(|options| options.upstreams = vec![world.address]).await;
    // From the outside first, then as it is remembered.
    for _ in 0..2 {
        let cut = dig(server.address(), "+ignore big.example").await;
        assert!(cut.has("tc") && cut.answers.is_empty(), "{}", cut.text);
        let whole = dig(server.address(), "big.example").await;
        assert_eq!((whole.status.as_str(), whole.answers.len()), ("NOERROR", 150));
    }
    server.shutdown().await;
}
