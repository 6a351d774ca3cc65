//! Loads: what is refused, what is recognised, what is read back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plenum_caddy::{Admin, Error};
use serde_json::json;

use crate::authority::Ca;
use crate::client::{get_once, is_closed, is_reset, told};
use crate::home::{Home, STOP, route};
use crate::upstream::Server;

#[tokio::test]
async fn f_a_bad_configuration_is_refused_in_caddys_words_and_the_old_one_serves_on() {
    let (home, ca, upstream) = (Home::new(), Ca::new("ours"), Server::plain().await);
    let process = home.start().await;
    let good = home.config(vec![route("app.lab.test", &upstream.address, Some(ca.issue("app.lab.test")))]).render();
    process.admin().load(&good).await.unwrap();

    let mut misspelt = good.clone();
    misspelt["apps"]["http"]["servers"]["https"]["nonsense"] = json!(true);
    let mut unknown = good.clone();
    unknown["apps"]["nonsense"] = json!({});
    let mut certificate = home.config(vec![route("app.lab.test", &upstream.address, Some(ca.issue("app.lab.test")))]);
    if let Some(tls) = &mut certificate.routes[0].tls {
        tls.key_pem = ca.issue("other.lab.test").key_pem;
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut port = good.clone();
    port["apps"]["http"]["servers"]["http"]["listen"] = json!([taken.local_addr().unwrap().to_string()]);

    for (bad, words) in [
        (misspelt, "nonsense"),
        (unknown, "nonsense"),
        (certificate.render(), "private key does not match"),
        (port.clone(), "address already in use"),
    ] {
        let Err(Error::Refused { message }) = process.admin().load(&bad).await else { panic!("{words} was taken") };
        assert!(message.contains(words), "{message}");
        assert_eq!(process.admin().config().await.unwrap(), good);
        assert_eq!(told(&ca, "app.lab.test", home.https, "/").await["method"], "GET");
        if bad != port {
            let checked = home.binary().check(&bad, &home.scratch(), Duration::from_secs(10)).await;
            let Err(Error::Refused { message }) = checked else { panic!("{words} was taken") };
            assert!(message.contains(words), "{message}");
        }
    }
    home.binary().check(&good, &home.scratch(), Duration::from_secs(10)).await.unwrap();
    process.stop(STOP).await.unwrap();
}

#[tokio::test]
async fn what_runs_can_be_read_and_told_from_what_ran() {
    let (home, upstream) = (Home::new(), Server::plain().await);
    let process = home.start().await;
    let admin = process.admin();
    assert!(admin.is_up().await);
    let mut config = home.config(vec![route("app.lab.test", &upstream.address, None)]);
    admin.load(&config.render()).await.unwrap();
    assert_eq!(admin.marker().await.unwrap(), None);
    config.marker = Some("{env.HOME} \"5d41402a\"".to_owned());
    let with_marker = config.render();
    assert!(admin.load_if_changed(&with_marker, &admin.config().await.unwrap()).await.unwrap());
    assert_eq!(admin.marker().await.unwrap(), config.marker);
    assert!(!admin.load_if_changed(&with_marker, &admin.config().await.unwrap()).await.unwrap());

    // The order of the routes does not make another configuration.
    config.routes.push(route("second.lab.test", &upstream.address, None));
    let rendered = config.render();
    config.routes.reverse();
    assert_eq!(config.render().to_string(), rendered.to_string());
    process.stop(STOP).await.unwrap();
}

#[tokio::test]
async fn the_admin_api_answers_throughout_loads_over_tcp_and_over_a_socket() {
    for tcp in [false, true] {
        let mut home = Home::new();
        if tcp {
            home.spec.admin = format!("127.0.0.1:{}", testkit::free_port()).parse().unwrap();
        }
        let upstream = Server::plain().await;
        let process = home.start().await;
        let (admin, mut asked) = (process.admin().clone(), 0);
        let loads = {
            let admin = admin.clone();
            let mut config = home.config(vec![route("app.lab.test", &upstream.address, None)]);
            tokio::spawn(async move {
                for number in 0..15 {
                    config.marker = Some(number.to_string());
                    admin.load(&config.render()).await.unwrap();
                    assert_eq!(admin.marker().await.unwrap(), config.marker);
                }
                admin.load_anew(&config.render()).await.unwrap();
            })
        };
        while !loads.is_finished() {
            admin.presence().await.unwrap();
            asked += 1;
        }
        loads.await.unwrap();
        assert!(asked > 5);
        process.stop(STOP).await.unwrap();
    }
}

#[tokio::test]
async fn f_an_unreachable_caddy_says_so_at_once_and_heals() {
    let home = Home::new();
    let admin = Admin::new(&home.spec.admin.to_string()).unwrap();
    let config = home.config(Vec::new()).render();
    let began = Instant::now();
    assert!(!admin.is_up().await);
    let error = admin.load(&config).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }) && error.is_absent(), "{error}");
    let tcp = Admin::new(&format!("127.0.0.1:{}", testkit::free_port())).unwrap();
    assert!(tcp.marker().await.unwrap_err().is_absent());
    assert!(began.elapsed() < Duration::from_millis(500));

    let process = home.start().await;
    admin.load(&config).await.unwrap();
    assert_eq!(admin.config().await.unwrap(), config);
    admin.stop().await.unwrap();
    tokio::time::timeout(STOP, process.ended()).await.unwrap();
    assert!(!admin.is_up().await);
}

/// Every load opens new sockets beside the old ones and closes these. What the kernel had put into the queue of an old
/// one is reset, unless `net.ipv4.tcp_migrate_req` tells it to hand it to a new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loads_lose_few_connections_and_none_where_the_kernel_migrates_them_under_load() {
    let (home, ca, upstream) = (Home::new(), Arc::new(Ca::new("ours")), Server::plain().await);
    let process = home.start().await;
    let mut config = home.config(vec![route("app.lab.test", &upstream.address, Some(ca.issue("app.lab.test")))]);
    process.admin().load(&config.render()).await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let (ca, done, port) = (Arc::clone(&ca), Arc::clone(&done), home.https);
            tokio::spawn(async move {
                let (mut answered, mut reset, mut closed) = (0, 0, 0);
                while !done.load(Ordering::Relaxed) {
                    match get_once(&ca, "app.lab.test", port, "/").await {
                        Ok(answer) => {
                            assert_eq!(answer.status(), 200);
                            answered += 1;
                        }
                        Err(error) if is_closed(&error) => closed += 1,
                        Err(error) => {
                            assert!(is_reset(&error), "{error:?}");
                            reset += 1;
                        }
                    }
                }
                (answered, reset, closed)
            })
        })
        .collect();
    const LOADS: usize = 60;
    for number in 0..LOADS {
        config.marker = Some(number.to_string());
        process.admin().load(&config.render()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    done.store(true, Ordering::Relaxed);
    let (mut answered, mut reset, mut closed) = (0, 0, 0);
    for client in clients {
        let counted = client.await.unwrap();
        (answered, reset, closed) = (answered + counted.0, reset + counted.1, closed + counted.2);
    }
    let migrates = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_migrate_req").is_ok_and(|text| text.trim() == "1");
    println!(
        "{LOADS} loads: {answered} connections answered, {reset} reset (the kernel migrates them: {migrates}), \
         {closed} closed before a request"
    );
    assert!(reset <= if migrates { 0 } else { LOADS } && closed <= LOADS, "{reset} {closed}");
    process.stop(STOP).await.unwrap();
}
