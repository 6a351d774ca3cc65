//! The rendered text of a configuration that has everything, as it is and as it was.
//!
//! `UPDATE_GOLDEN=1` writes it anew; what has changed is then for the eyes of whoever commits it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

use plenum_caddy::Version;
use plenum_caddy::config::{
    Authority, Certificate, Config, Dynamic, Health, Layout, Logs, Protocol, Route, Upstream, Verify,
};
use plenum_caddy::names::{Address, Directory, Host, Id, Listen, UrlPath};

fn route(id: &str, host: &str, tls: Option<&str>, upstream: Upstream, log: bool) -> Route {
    let tls =
        tls.map(|name| Certificate { chain_pem: format!("chain of {name}\n"), key_pem: format!("key of {name}\n") });
    Route { id: Id::new(id).unwrap(), host: Host::new(host).unwrap(), tls, upstream, log }
}

fn everything() -> Config {
    let address = |text| Address::new(text).unwrap();
    let authority = "-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n";
    let authority = Authority::from_pem(authority).unwrap();
    let https = |verify, server_name: Option<&str>| Upstream {
        protocol: Protocol::Https,
        verify,
        server_name: server_name.map(|name| Host::new(name).unwrap()),
        ..Upstream::http(address("10.0.0.2:8443"))
    };
    let health = Health { path: UrlPath::new("/health").unwrap(), interval_s: 10, timeout_s: 2 };
    let own = Upstream { health: Some(health), ..https(Verify::Ca(authority.clone()), Some("inside.example")) };
    Config {
        version: Some(Version { major: 2, minor: 11, patch: 2 }),
        admin: "unix//var/lib/plenum/caddy/admin.sock".parse().unwrap(),
        storage: Directory::new("/var/lib/plenum/caddy/data").unwrap(),
        http: Listen::everywhere(80),
        https: Listen::everywhere(443),
        redirect: true,
        challenges: true,
        routes: vec![
            route("wild", "*.example.com", Some("*.example.com"), https(Verify::SystemRoots, None), false),
            route("own-ca", "own.example.com", Some("own.example.com"), own, true),
            route("lax", "lax.example.com", Some("*.example.com"), https(Verify::Insecure, None), false),
            route(
                "grpc",
                "grpc.example.com",
                Some("*.example.com"),
                Upstream { protocol: Protocol::H2c, ..Upstream::http(address("[::1]:50051")) },
                true,
            ),
            route("plain", "plain.example.com", None, Upstream::http(address("web:8080")), true),
        ],
        logs: Some(Logs { directory: Directory::new("/var/log/plenum/routes").unwrap(), layout: Layout::FileEach }),
        marker: Some("5d41402a".to_owned()),
        dynamic: Some(Dynamic {
            directory: Directory::new("/var/lib/plenum/caddy/names").unwrap(),
            port: 8099,
            secret: Id::new("a1b2c3").unwrap(),
            authorities: vec![(Id::new("own").unwrap(), authority)],
            account: None,
        }),
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a golden file is written on demand, by hand")]
fn the_text_of_a_configuration_with_everything() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/everything.json");
    let text = format!("{:#}\n", everything().render());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&path).unwrap(), "run with UPDATE_GOLDEN=1 and look at the difference");
}

#[test]
fn the_same_routes_in_any_order_are_the_same_text() {
    let (mut config, wanted) = (everything(), everything().render().to_string());
    for _ in 0..config.routes.len() {
        config.routes.rotate_left(1);
        assert_eq!(config.render().to_string(), wanted);
    }
}

#[test]
fn v_private_keys_are_not_in_debug_output() {
    let text = format!("{:?}", everything());
    assert!(
        text.contains("chain of own.example.com") && !text.contains("key of") && !text.contains("a1b2c3"),
        "{text}"
    );
}
