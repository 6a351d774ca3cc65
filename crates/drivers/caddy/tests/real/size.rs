//! A thousand routes: what a load costs, and how long a new service takes.

use std::time::{Duration, Instant};

use plenum_caddy::config::{Layout, Route, Upstream};

use crate::authority::Ca;
use crate::client::told;
use crate::home::{Home, STOP, host, route};
use crate::upstream::Server;

const ROUTES: usize = 1_000;

fn routes(ca: &Ca, upstream: &Server) -> Vec<Route> {
    let name = |number| format!("s{number}.lab.test");
    (0..ROUTES).map(|number| route(&name(number), &upstream.address, Some(ca.issue(&name(number))))).collect()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test]
async fn a_thousand_routes_load_in_time_and_a_new_service_is_there_at_once_under_load() {
    let (home, ca, upstream) = (Home::new(), Ca::new("ours"), Server::plain().await);
    let process = home.start().await;
    let mut config = home.config(routes(&ca, &upstream));
    config.routes.iter_mut().for_each(|route| route.log = true);
    for layout in [None, Some(Layout::FileEach), Some(Layout::OneFile)] {
        config.logs = layout.map(|layout| home.logs(layout));
        let (mut changed, mut same, mut rendered) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..5 {
            config.marker = Some(format!("{layout:?} {round}"));
            let began = Instant::now();
            let json = config.render();
            rendered.push(began.elapsed());
            let began = Instant::now();
            process.admin().load(&json).await.unwrap();
            changed.push(began.elapsed());
            let began = Instant::now();
            process.admin().load(&json).await.unwrap();
            same.push(began.elapsed());
        }
        let (changed, same, rendered) = (median(changed), median(same), median(rendered));
        // The sockets of the last configuration are closed by then.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let client = crate::client::builder(&ca, "s7.lab.test", home.https).build().unwrap();
        let mut asked = Vec::new();
        for _ in 0..50 {
            let began = Instant::now();
            let answer = client.get(format!("https://s7.lab.test:{}/", home.https)).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            asked.push(began.elapsed());
        }
        let asked = median(asked);
        println!(
            "{ROUTES} routes, logs {layout:?}: rendered {rendered:?}, loaded {changed:?}, the same again {same:?}, \
             a request {asked:?}"
        );
        assert!(changed < Duration::from_secs(3) && same < changed);
    }
    for number in [0, ROUTES / 2, ROUTES - 1] {
        assert_eq!(told(&ca, &format!("s{number}.lab.test"), home.https, "/").await["method"], "GET");
    }

    let dynamic = home.dynamic(Vec::new());
    config.dynamic = Some(dynamic.clone());
    process.admin().load(&config.render()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut times = Vec::new();
    for number in 0..20 {
        let name = format!("new{number}.lab.test");
        let certificate = ca.issue(&name);
        let client = crate::client::builder(&ca, &name, home.https).build().unwrap();
        let began = Instant::now();
        assert!(dynamic.put(&host(&name), Some(&certificate), &Upstream::http(upstream.address.clone())).unwrap());
        let request = client.get(format!("https://{name}:{}/", home.https));
        assert_eq!(request.send().await.unwrap().status(), 200);
        times.push(began.elapsed());
    }
    let (worst, median) = (times.iter().max().copied().unwrap(), median(times));
    println!("a new service beside {ROUTES} answers over TLS after {median:?}, at worst {worst:?}");
    assert!(median < Duration::from_millis(50), "{median:?}");
    process.stop(STOP).await.unwrap();
}
