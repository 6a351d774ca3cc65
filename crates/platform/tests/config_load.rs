//! The configuration file: what is read, what is refused, and that everything wrong is said at once.

#![expect(clippy::expect_used, reason = "a test that cannot go on should stop")]

use plenum_platform::config::{
    CaddyMode, Config, HaproxyMode, Listen, LogLevel, Overrides, Source, TlsMode, VrrpState,
};

fn parse(text: &str) -> Config {
    Config::parse(text, &Overrides::default()).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

fn problems(text: &str) -> Vec<String> {
    let problems = Config::parse(text, &Overrides::default()).expect_err("the text should be refused");
    problems.iter().map(ToString::to_string).collect()
}

fn example() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/config.example.yaml");
    std::fs::read_to_string(path).expect("the example is part of the repository")
}

#[test]
fn no_text_is_the_defaults() {
    assert_eq!(parse(""), Config::default());
    assert_eq!(parse("# nothing but a remark\n"), Config::default());
}

#[test]
fn the_example_shows_every_key_with_its_default() {
    let text = example();
    assert_eq!(parse(&text), Config::default());

    let shown: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    for (key, variable) in Overrides::keys() {
        let pointer = format!("/{}", key.replace('.', "/"));
        assert!(shown.pointer(&pointer).is_some(), "{key} ({variable}) is missing from the example");
    }
}

#[test]
fn effective_configuration_reads_back_as_itself() {
    let config =
        parse("server: {port: 9000, trustProxy: [10.0.0.0/8, '::1']}\nmesh: {listen: off}\nssl: {mode: off}\n");
    assert_eq!(parse(&config.effective().unwrap()), config);
}

#[test]
fn every_kind_of_value_is_read() {
    let config = parse(
        "dataDir: /srv/plenum\nserver:\n  listen: '[::1]:8443'\n  trustProxy:\n    - 192.0.2.1\n    - 10.0.0.0/8\n\
         ssl: {mode: files, certPath: /c.pem, keyPath: /k.pem}\nlogging: {level: debug}\nhaproxy:\n  mode: external\n\
         mesh:\n  listen: off\n",
    );
    assert_eq!(config.server.address().to_string(), "[::1]:8443");
    assert_eq!(config.server.trust_proxy[0].to_string(), "192.0.2.1/32");
    assert_eq!(config.ssl.mode, TlsMode::Files);
    assert_eq!(config.logging.level, LogLevel::Debug);
    assert_eq!(config.mesh.listen, Listen::Off);
    assert_eq!(config.haproxy.mode, HaproxyMode::External);
    assert_eq!(config.haproxy.master_socket_in(&config.data_dir).to_str(), Some("/run/haproxy/master.sock"));
    assert_eq!(config.database.url, None);
}

#[test]
fn all_problems_are_reported_at_once_with_line_and_key() {
    let found = problems(
        "server:\n  port: 99999\n  trustProxy:\n    - not-a-network\n  prot: 1\nrateLimit:\n  writemax: 5\n\
         haproxy: yes-please\nssl:\n  mode: files\nlogging:\n  level: loud\nunknown: 1\n",
    );
    let text = found.join("\n");
    for expected in [
        "line 2: server.port: must be a whole number from 1 to 65535, not 99999",
        "line 4: server.trustProxy: \"not-a-network\" is not a network such as 10.0.0.0/8",
        "line 5: server.prot: unknown key",
        "line 7: rateLimit.writemax: unknown key; did you mean `writeMax`?",
        "line 8: haproxy: must hold keys, not \"yes-please\"",
        "ssl.certPath: is needed when ssl.mode is files",
        "ssl.keyPath: is needed when ssl.mode is files",
        "line 12: logging.level: must be one of error, warn, info, debug, trace, not \"loud\"",
        "line 13: unknown: unknown key",
    ] {
        assert!(text.contains(expected), "missing: {expected}\nfound:\n{text}");
    }
    assert_eq!(found.len(), 9, "{text}");
}

#[test]
fn text_that_is_not_yaml_or_repeats_a_key_is_refused_with_its_line() {
    let broken = problems("server:\n  port: [1\n");
    assert_eq!(broken.len(), 1);
    let twice = problems("dataDir: a\ndataDir: b\n");
    assert!(twice[0].starts_with("line 2:"), "{twice:?}");
}

#[test]
fn there_is_no_way_to_turn_authentication_off() {
    for text in ["auth: {strategy: none}", "security: {authDisabled: true}", "security: {auth: off}"] {
        assert!(problems(text)[0].contains("unknown key"), "{text}");
    }
}

#[test]
fn v5_an_empty_list_of_proxies_trusts_nobody() {
    assert!(parse("server: {trustProxy: []}").server.trust_proxy.is_empty());
    assert!(parse("server: {trustProxy: null}").server.trust_proxy.is_empty());
    assert!(problems("server: {trustProxy: ''}")[0].contains("must be a list"));
}

#[test]
fn defaults_then_file_then_environment_then_flags() {
    let env = [
        ("PLENUM_SERVER_PORT", "2"),
        ("PLENUM_RATE_LIMIT_WRITE_MAX", "20"),
        ("PLENUM_TLS", "off"),
        ("PLENUM_SERVER_TRUST_PROXY", "10.0.0.0/8, 192.0.2.7"),
        ("PLENUM_CONFIG", "/somewhere"),
        ("HOME", "/root"),
    ];
    let overrides = Overrides::from_env(env.map(|(name, value)| (name.to_owned(), value.to_owned())))
        .with("server.port", Some(3), "--port")
        .with("server.host", None::<String>, "--host");
    let config = Config::parse("server: {port: 1}\nrateLimit: {writeMax: 10, readMax: 11}\n", &overrides).unwrap();
    assert_eq!(config.server.port, 3);
    assert_eq!(config.rate_limit.write_max, 20);
    assert_eq!(config.rate_limit.read_max, 11);
    assert_eq!(config.rate_limit.auth_max, 25);
    assert_eq!(config.ssl.mode, TlsMode::Off);
    assert_eq!(config.server.trust_proxy.len(), 2);
}

/// The configuration that a file and an environment make.
fn with_environment(text: &str, env: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let refused = |problems: Vec<plenum_platform::config::Problem>| problems.iter().map(ToString::to_string).collect();
    Config::parse(text, &Overrides::from_env(env)).map_err(refused)
}

#[test]
fn variables_of_an_older_mesh_stand_for_what_nobody_set() {
    let all = [
        ("CONDUIT_DOMAIN", "internal"),
        ("CONDUIT_DNS_PORT", "53"),
        ("CONDUIT_DNS_UPSTREAM", "8.8.8.8"),
        ("CONDUIT_UPSTREAM_DNS", "1.1.1.1"),
        ("CONDUIT_CADDY_ADMIN", "host.docker.internal:2019"),
        ("CONDUIT_CADDY_HTTPS_PORT", "8443"),
        ("CONDUIT_BIND_HOST", "0.0.0.0"),
        ("CONDUIT_BIND_PORT", "9990"),
        ("CONDUIT_HEALTH_INTERVAL", "30"),
        ("CONDUIT_DOCKER_SOCKET", "/run/docker.sock"),
        // These mean nothing here.
        ("CONDUIT_API_KEY", "secret"),
        ("CONDUIT_CONFIG_DIR", "/etc/elsewhere"),
        ("CONDUIT_DIR", "/opt/elsewhere"),
        ("CONDUIT_APP_NAME", "other"),
    ];
    let mesh = with_environment("", &all).unwrap().mesh;
    assert_eq!(mesh.domain, "internal");
    assert_eq!(mesh.dns.listen, Listen::On("127.0.0.1:53".parse().unwrap()));
    assert_eq!(mesh.dns.upstreams, ["1.1.1.1:53".parse().unwrap()]);
    assert_eq!((mesh.caddy.mode, mesh.caddy.admin.as_str()), (CaddyMode::External, "host.docker.internal:2019"));
    assert_eq!(mesh.caddy.https_port, Some(8443));
    assert_eq!(mesh.listen, Listen::On("0.0.0.0:9990".parse().unwrap()));
    assert_eq!(mesh.health.interval_ms, 30_000);
    assert_eq!(mesh.docker_socket.to_str(), Some("/run/docker.sock"));

    // The file is stronger, key by key; an empty section says nothing, and an empty variable neither.
    let file =
        "mesh:\n  domain: file.example\n  listen: off\n  dns: {listen: off}\n  caddy:\n  health: {intervalMs: 700}\n";
    let mesh = with_environment(file, &all).unwrap().mesh;
    assert_eq!((mesh.domain.as_str(), mesh.listen, mesh.dns.listen), ("file.example", Listen::Off, Listen::Off));
    assert_eq!((mesh.health.interval_ms, mesh.caddy.https_port), (700, Some(8443)));
    assert_eq!(with_environment("", &[("CONDUIT_DOMAIN", " ")]).unwrap(), Config::default());

    // And so are Plenum's own variables.
    let both = [("CONDUIT_DOMAIN", "weak.example"), ("PLENUM_MESH_DOMAIN", "strong.example")];
    assert_eq!(with_environment("", &both).unwrap().mesh.domain, "strong.example");
    assert_eq!(with_environment("mesh: {domain: file.example}", &both).unwrap().mesh.domain, "strong.example");
}

#[test]
fn one_half_of_an_address_has_the_usual_other_half() {
    let listen = |env: &[(&str, &str)]| with_environment("", env).unwrap().mesh.listen;
    let at = |text: &str| Listen::On(text.parse().unwrap());
    assert_eq!(listen(&[("CONDUIT_BIND_PORT", "9990")]), at("127.0.0.1:9990"));
    assert_eq!(listen(&[("CONDUIT_BIND_HOST", "localhost")]), at("127.0.0.1:9999"));
    assert_eq!(listen(&[("CONDUIT_BIND_HOST", "::1")]), at("[::1]:9999"));
    assert_eq!(listen(&[]), at("127.0.0.1:9999"));
}

#[test]
fn a_bad_variable_of_an_older_mesh_is_named_unless_something_stronger_is_set() {
    for (name, value, key) in [
        ("CONDUIT_BIND_HOST", "gateway", "mesh.listen"),
        ("CONDUIT_DNS_PORT", "dns", "mesh.dns.listen"),
        ("CONDUIT_HEALTH_INTERVAL", "often", "mesh.health.intervalMs"),
        ("CONDUIT_CADDY_HTTPS_PORT", "0", "mesh.caddy.httpsPort"),
        ("CONDUIT_DOMAIN", "a b", "mesh.domain"),
    ] {
        let problems = with_environment("", &[(name, value)]).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with(&format!("{name}: {key}: ")), "{problems:?}");
    }
    with_environment("mesh: {domain: file.example}", &[("CONDUIT_DOMAIN", "a b")]).unwrap();
}

#[test]
fn a_bad_override_is_named_by_its_source() {
    let overrides = Overrides::default().with("server.listen", Some("localhost"), "--listen");
    let problems = Config::parse("", &overrides).unwrap_err();
    assert!(problems[0].to_string().starts_with("--listen: server.listen: must be an IP address and a port"));
}

#[test]
fn v11_the_database_password_is_never_shown() {
    let canary = "c4n@ry-s3cret";
    for url in [
        format!("postgres://plenum:{canary}@db.internal:5432/plenum"),
        format!("postgres://db.internal/plenum?user=plenum&password={canary}"),
    ] {
        let config = parse(&format!("database: {{url: '{url}'}}"));
        let kept = config.database.url.clone().unwrap();
        assert_eq!(kept.reveal(), url);
        for shown in [config.effective().unwrap(), format!("{config:?}"), kept.masked()] {
            assert!(!shown.contains(canary) && !shown.contains("ry-s3cret"), "{shown}");
            assert!(shown.contains("***"), "{shown}");
        }
    }
    let refused = problems(&format!("database: {{url: 'mysql://plenum:{canary}@db/x'}}"));
    assert!(!refused.join("\n").contains(canary), "{refused:?}");
}

#[test]
fn the_nodes_part_in_floating_addresses_is_read_with_its_defaults() {
    let config = parse(
        "keepalived:\n  interface: eth0\n  instances:\n    web: {priority: 150, state: MASTER}\n    db: {interface: eth1}\n    plain:\n",
    );
    let part = |id: &str| {
        let vrrp = &config.keepalived.instances[id];
        (vrrp.interface.as_str(), vrrp.priority, vrrp.state)
    };
    assert_eq!(part("web"), ("eth0", 150, VrrpState::Master));
    assert_eq!(part("db"), ("eth1", 100, VrrpState::Backup));
    assert_eq!(part("plain"), ("eth0", 100, VrrpState::Backup));
    assert_eq!(parse(&config.effective().unwrap()), config);
}

#[test]
fn the_nodes_part_in_floating_addresses_is_checked() {
    let found = problems(
        "haproxy: {user: 'a b'}\nkeepalived:\n  scriptUser: 'a {'\n  instances:\n    web:\n      priority: 256\n      state: master\n      prio: 1\n    \
         db: {interface: 'eth0; x/y'}\n    cache: 7\n",
    );
    let text = found.join("\n");
    for expected in [
        "line 1: haproxy.user: \"a b\" is not a name of an account",
        "line 3: keepalived.scriptUser: must be one word",
        "line 5: keepalived.instances.web.interface: is needed, here or as keepalived.interface",
        "line 6: keepalived.instances.web.priority: must be a whole number from 1 to 255, not 256",
        "line 7: keepalived.instances.web.state: must be one of MASTER, BACKUP, not \"master\"",
        "line 8: keepalived.instances.web.prio: unknown key; did you mean `priority`?",
        "line 9: keepalived.instances.db.interface: must be one word",
        "line 10: keepalived.instances.cache: must hold keys, not 7",
    ] {
        assert!(text.contains(expected), "missing: {expected}\nfound:\n{text}");
    }
}

#[test]
fn every_key_says_what_it_is_and_who_set_it() {
    let overrides = Overrides::from_env([("PLENUM_SERVER_PORT".to_owned(), "9001".to_owned())]).with(
        "ssl.mode",
        Some("off"),
        "--tls",
    );
    let text = "server:\n  host: 127.0.0.1\n  port: 9000\ndatabase:\n  url: postgres://ann:secret@db/plenum\n";
    let settings = Config::parse(text, &overrides).unwrap().settings().unwrap();
    let of = |key: &str| settings.iter().find(|setting| setting.key == key).expect("a documented key");
    for (key, variable) in Overrides::keys() {
        assert_eq!(of(key).variable.as_deref(), Some(variable.as_str()));
    }
    for setting in &settings {
        assert!(!setting.description.is_empty(), "{}", setting.key);
    }
    let undocumented: Vec<_> = settings.iter().filter(|setting| setting.variable.is_none()).collect();
    assert_eq!(undocumented.len(), 1, "only keepalived.instances is for the file alone: {undocumented:?}");

    assert_eq!((&of("server.port").value, &of("server.port").default), (&9001.into(), &8099.into()));
    assert_eq!(of("server.port").source, Source::Outside { name: "PLENUM_SERVER_PORT".to_owned() });
    assert_eq!(of("server.host").source, Source::File { line: 2 });
    assert_eq!(of("server.listen").source, Source::Default);
    assert_eq!(of("ssl.mode").source, Source::Outside { name: "--tls".to_owned() });
    assert_eq!(of("rateLimit.readMax").description, "Requests per window: signing in, writes, reads.");
    let shown = serde_json::to_string(&settings).unwrap();
    assert!(!shown.contains("secret@") && shown.contains("postgres://ann"), "{}", of("database.url").value);
}
