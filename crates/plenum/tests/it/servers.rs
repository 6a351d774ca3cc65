//! Machines and their containers: the daemon against real OpenSSH servers and a real Docker engine.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::{Api, Daemon, Dockerd, Sshd, dockerd::IMAGE, free_port};

const SERVERS: &str = "/mesh/api/servers";
/// What the documents promise of the whole list.
const LIST: Duration = Duration::from_secs(15);

async fn ok(api: &Api, request: reqwest::RequestBuilder) -> Result<Value> {
    let (status, body) = api.json(request).await?;
    ensure!(status == 200 && body["ok"] == true, "{status} {body}");
    Ok(body)
}

/// An answer with `ok: false` and what to do.
async fn not_done(api: &Api, request: reqwest::RequestBuilder) -> Result<String> {
    let (status, body) = api.json(request).await?;
    ensure!(status == 200 && body["ok"] == false && body["exit_code"] == 1, "{status} {body}");
    Ok(body["stderr"].as_str().context("stderr")?.to_owned())
}

fn wanted(name: &str, sshd: &Sshd) -> Result<Value> {
    Ok(json!({
        "name": name, "host": "127.0.0.1", "port": sshd.port(), "user": sshd.user()?, "private_key": sshd.client_key()?,
    }))
}

async fn list(api: &Api) -> Result<Value> {
    ok(api, api.get(SERVERS)).await
}

fn row<'a>(list: &'a Value, id: &str) -> Result<&'a Value> {
    let rows = list["servers"].as_array().context("servers")?;
    rows.iter().find(|row| row["id"] == id).with_context(|| format!("{id} is not in {list}"))
}

/// Numbers are shared for two seconds; after that, somebody really looks again.
async fn later() {
    tokio::time::sleep(Duration::from_millis(2100)).await;
}

fn numbers_are_sane(row: &Value) -> Result<()> {
    let number = |field: &str| row[field].as_f64().with_context(|| format!("{field} of {row}"));
    ensure!(number("cpu_cores")? >= 1.0 && (0.0..=100.0).contains(&number("cpu_percent")?), "{row}");
    ensure!(number("memory_total")? > 1e8 && number("memory_used")? < number("memory_total")?, "{row}");
    ensure!(number("disk_total")? > 1e8 && number("disk_used")? <= number("disk_total")?, "{row}");
    ensure!(number("uptime")? > 0.0 && row["load"].as_array().is_some_and(|load| load.len() == 3), "{row}");
    Ok(())
}

/// The audit entries of one action, newest first.
async fn audit(api: &Api, action: &str) -> Result<Vec<Value>> {
    let (status, body) = api.json(api.get("/mesh/api/audit?limit=500")).await?;
    ensure!(status == 200, "{status} {body}");
    let entries = body["entries"].as_array().context("entries")?;
    Ok(entries.iter().filter(|entry| entry["action"] == action).cloned().collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_added_listed_and_removed() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let (api, sshd) = (daemon.api()?, Sshd::start()?);
    let alone = list(&api).await?;
    ensure!(alone["servers"].as_array().is_some_and(|rows| rows.len() == 1), "{alone}");
    ensure!(alone["servers"][0]["id"] == "local" && alone["servers"][0]["host_key"].is_null(), "{alone}");

    let done = ok(&api, api.post(SERVERS).json(&wanted("GPU-1", &sshd)?)).await?;
    ensure!(
        done["stdout"].as_str().is_some_and(|text| text.contains(&sshd.fingerprint().unwrap_or_default())),
        "{done}"
    );
    let both = list(&api).await?;
    let (local, remote) = (&both["servers"][0], row(&both, "gpu-1")?);
    for machine in [local, remote] {
        ensure!(
            machine["status"] == "online" && machine["error"].is_null() && machine["read_at"].is_string(),
            "{machine}"
        );
        numbers_are_sane(machine)?;
    }
    // It is the same machine, so it tells the same of itself.
    for field in ["cpu_cores", "memory_total", "disk_total"] {
        ensure!(local[field] == remote[field], "{field}: {local} {remote}");
    }
    ensure!(remote["name"] == "GPU-1" && remote["host"] == "127.0.0.1" && remote["port"] == sshd.port(), "{remote}");
    ensure!(remote["host_key"] == sshd.fingerprint()? && remote["offered_key"].is_null(), "{remote}");
    let text = both["output"].as_str().context("output")?;
    ensure!(text.starts_with("Host: ") && text.contains("\n\nHost:   GPU-1 (127.0.0.1)\nUptime: up "), "{text}");
    let (_, status) = api.json(api.get("/mesh/api/status")).await?;
    ensure!(status["servers"] == json!({ "online": 2, "total": 2 }), "{status}");

    let (status, body) = api.json(api.post(SERVERS).json(&wanted("gpu-1", &sshd)?)).await?;
    ensure!(status == 409, "{status} {body}");
    let added = audit(&api, "server_add").await?;
    ensure!(added.len() == 1 && added[0]["message"] == "Added server: GPU-1 (127.0.0.1)", "{added:?}");

    ok(&api, api.delete(&format!("{SERVERS}/gpu-1"))).await?;
    ensure!(list(&api).await?["servers"].as_array().is_some_and(|rows| rows.len() == 1));
    ensure!(not_done(&api, api.delete(&format!("{SERVERS}/gpu-1"))).await?.contains("not found"));
    ensure!(audit(&api, "server_remove").await?.len() == 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemons_own_key_logs_in_where_it_was_let_in() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let (api, sshd) = (daemon.api()?, Sshd::start()?);
    let key = ok(&api, api.get(&format!("{SERVERS}/key"))).await?;
    let key = key["public_key"].as_str().context("public_key")?.to_owned();
    ensure!(key.starts_with("ssh-ed25519 AAAA") && key.ends_with(" plenum@qp.local"), "{key}");
    let mut body = wanted("own", &sshd)?;
    body.as_object_mut().context("an object")?.remove("private_key");
    // What to do is said, and what to append with it.
    let advice = not_done(&api, api.post(SERVERS).json(&body)).await?;
    ensure!(advice.contains("authorized_keys") && advice.contains(&key), "{advice}");
    ensure!(list(&api).await?["servers"].as_array().is_some_and(|rows| rows.len() == 1));
    sshd.authorize(&key)?;
    ok(&api, api.post(SERVERS).json(&body)).await?;

    // It is the same key after a restart, and it still opens the machine.
    daemon.restart().await?;
    let again = ok(&api, api.get(&format!("{SERVERS}/key"))).await?;
    ensure!(again["public_key"] == key, "{again}");
    // The counts are true without anybody asking for the list.
    let end = Instant::now() + LIST;
    while api.json(api.get("/mesh/api/status")).await?.1["servers"] != json!({ "online": 2, "total": 2 }) {
        ensure!(Instant::now() < end, "nobody looked in the background");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let both = list(&api).await?;
    ensure!(row(&both, "own")?["status"] == "online", "{both}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn v18_a_changed_host_key_is_refused_told_and_can_be_trusted() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let (api, mut sshd) = (daemon.api()?, Sshd::start()?);
    ok(&api, api.post(SERVERS).json(&wanted("box", &sshd)?)).await?;
    let (old, accepted) = (sshd.fingerprint()?, sshd.log().matches("Accepted").count());
    let trust = |key: &str| api.post(&format!("{SERVERS}/box/trust")).json(&json!({ "fingerprint": key }));
    ensure!(not_done(&api, trust(&old)).await?.contains("nothing to trust"));

    sshd.new_host_key("ed25519")?;
    sshd.start_again()?;
    let new = sshd.fingerprint()?;
    let mut news = api.get("/api/events?topics=mesh").send().await?;
    for _ in 0..2 {
        later().await;
        let changed = list(&api).await?;
        let machine = row(&changed, "box")?;
        ensure!(machine["status"] == "changed_key" && machine["offered_key"] == new, "{machine}");
        ensure!(
            machine["host_key"] == old && machine["error"].as_str().is_some_and(|why| why.contains("host key")),
            "{machine}"
        );
        // The last good numbers stay, and say how old they are.
        numbers_are_sane(machine)?;
        ensure!(machine["read_at"].as_str() < machine["last_check"].as_str(), "{machine}");
    }
    let mut heard = String::new();
    while !heard.contains(r#""status":"changed_key""#) {
        let piece = tokio::time::timeout(LIST, news.chunk()).await.context("nothing was told")??;
        heard.push_str(&String::from_utf8_lossy(&piece.context("the stream ended")?));
    }
    ensure!(heard.contains("event: mesh.servers"), "{heard}");
    let containers = api.json(api.get(&format!("{SERVERS}/containers"))).await?;
    ensure!(containers.1["errors"].to_string().contains("not the pinned one"), "{containers:?}");
    ensure!(sshd.log().matches("Accepted").count() == accepted && !sshd.log().contains("Failed"), "{}", sshd.log());
    let noted = audit(&api, "server_key_changed").await?;
    ensure!(noted.len() == 1 && noted[0]["details"]["offered"] == new && noted[0]["status"] == "failure", "{noted:?}");
    let (_, status) = api.json(api.get("/mesh/api/status")).await?;
    ensure!(status["servers"] == json!({ "online": 1, "total": 2 }), "{status}");

    let wrong = format!("SHA256:{}", "A".repeat(43));
    ensure!(not_done(&api, trust(&wrong)).await?.contains("not the key that was given"));
    let (status, _) = api.json(trust("nonsense")).await?;
    ensure!(status == 422);
    ok(&api, trust(&new)).await?;
    let trusted = list(&api).await?;
    let machine = row(&trusted, "box")?;
    ensure!(
        machine["status"] == "online" && machine["host_key"] == new && machine["offered_key"].is_null(),
        "{machine}"
    );
    ensure!(audit(&api, "server_key_trust").await?.len() == 3);
    // The other one is not believed any more.
    ensure!(not_done(&api, trust(&old)).await?.contains("nothing to trust"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_hangs_delays_nobody() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let (api, healthy, mut hung) = (daemon.api()?, Sshd::start()?, Sshd::start()?);
    ok(&api, api.post(SERVERS).json(&wanted("healthy", &healthy)?)).await?;
    ok(&api, api.post(SERVERS).json(&wanted("hung", &hung)?)).await?;
    let port = hung.port();
    hung.stop();
    // It accepts connections, as a machine under load does, and never says a word.
    let silent = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let held = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            held.push(stream);
        }
    });
    later().await;
    let begin = Instant::now();
    // Somebody who reloads the page again and again does not make it longer.
    let (first, second) = tokio::join!(list(&api), async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        list(&api).await
    });
    let took = begin.elapsed();
    ensure!(took < LIST, "{took:?}");
    for answer in [first?, second?] {
        let (good, bad) = (row(&answer, "healthy")?, row(&answer, "hung")?);
        ensure!(good["status"] == "online", "{good}");
        numbers_are_sane(good)?;
        ensure!(
            bad["status"] == "offline" && bad["error"].as_str().is_some_and(|why| why.contains("no answer within")),
            "{bad}"
        );
        numbers_are_sane(bad)?;
    }
    // Back again, it is online again.
    held.abort();
    let _ = held.await;
    hung.start_again()?;
    later().await;
    ensure!(row(&list(&api).await?, "hung")?["status"] == "online");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_machine_is_refused_and_leaves_nothing() -> Result<()> {
    let mut daemon =
        Daemon::builder().config("mesh:\n  listen: off\n  allowLoopback: true\n  dns: {listen: off}\n").start().await?;
    let (api, sshd) = (daemon.api()?, Sshd::start()?);
    let good = wanted("good", &sshd)?;

    for (field, value) in [
        ("host", json!("-oProxyCommand=touch /tmp/x")),
        ("host", json!("a b")),
        ("host", json!("169.254.169.254")),
        ("host", json!("fd00:ec2::254")),
        ("host", json!("0.0.0.0")),
        ("host", json!("no.such.host.invalid")),
        ("user", json!("-l root")),
        ("user", json!("a;b")),
        ("name", json!("local")),
        ("name", json!("key")),
        ("name", json!("Containers")),
        ("name", json!("../x")),
        ("name", json!("")),
        ("port", json!(0)),
        ("password", json!("and a key")),
        ("private_key", json!("hunter2")),
        ("docker_socket", json!("relative.sock")),
        ("docker_socket", json!("/var/run/\u{0}.sock")),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let (status, answer) = api.json(api.post(SERVERS).json(&body)).await?;
        ensure!(status == 422, "{field} {value}: {status} {answer}");
        ensure!(!answer.to_string().contains("hunter2"), "{answer}");
    }

    let mut nobody = good.clone();
    nobody["port"] = json!(free_port());
    ensure!(not_done(&api, api.post(SERVERS).json(&nobody)).await?.contains("nothing was stored"));
    let mut wrong = good.clone();
    wrong["user"] = json!("nobody-here");
    ensure!(not_done(&api, api.post(SERVERS).json(&wrong)).await?.contains("Check the user"));
    ensure!(list(&api).await?["servers"].as_array().is_some_and(|rows| rows.len() == 1));
    ensure!(audit(&api, "server_add").await?.iter().all(|entry| entry["status"] == "failure"));

    let viewer = daemon.api_as("viewer", "viewer")?;
    ensure!(list(&viewer).await?["ok"] == true);
    for request in [
        viewer.post(SERVERS).json(&good),
        viewer.delete(&format!("{SERVERS}/good")),
        viewer.post(&format!("{SERVERS}/good/trust")).json(&json!({ "fingerprint": sshd.fingerprint()? })),
    ] {
        let (status, body) = viewer.json(request).await?;
        ensure!(status == 403, "{status} {body}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn v9_v10_what_opens_a_machine_never_comes_back() -> Result<()> {
    let mut daemon = Daemon::builder().environment("PLENUM_LOG", "trace").start().await?;
    let password = "canary-7f3e-password";
    let (api, sshd) = (daemon.api()?, Sshd::with("", Some(password))?);
    let pem = sshd.client_key()?;
    let canary = pem.lines().nth(2).context("a key of several lines")?.to_owned();
    ok(&api, api.post(SERVERS).json(&wanted("by-key", &sshd)?)).await?;
    let mut body = wanted("by-password", &sshd)?;
    let fields = body.as_object_mut().context("an object")?;
    fields.remove("private_key");
    fields.insert("password".to_owned(), json!(password));
    fields.insert("user".to_owned(), json!("root"));
    ok(&api, api.post(SERVERS).json(&body)).await?;
    let mut wrong = body.clone();
    wrong["name"] = json!("wrong");
    wrong["password"] = json!("canary-wrong-password");
    not_done(&api, api.post(SERVERS).json(&wrong)).await?;
    ok(&api, api.get(&format!("{SERVERS}/key"))).await?;
    let everything = list(&api).await?;
    ensure!(row(&everything, "by-password")?["status"] == "online", "{everything}");

    let mut told = everything.to_string();
    for path in
        ["/mesh/api/servers/containers", "/mesh/api/servers/key", "/mesh/api/audit", "/mesh/api/status", "/api/config"]
    {
        told.push_str(&api.get(path).send().await?.text().await?);
    }
    told.push_str(&daemon.output());
    let secrets = [password, "canary-wrong-password", &canary, "PRIVATE KEY-----\\n", "-----BEGIN OPENSSH"];
    for secret in secrets {
        ensure!(!told.contains(secret), "{secret} was told");
    }
    // Nor is it in the database as it is.
    daemon.terminate()?;
    for entry in std::fs::read_dir(daemon.data())? {
        let path = entry?.path();
        if path.is_file() {
            let bytes = std::fs::read(&path)?;
            for secret in secrets {
                let is_there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                ensure!(!is_there, "{secret} is in {}", path.display());
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_are_listed_here_and_over_ssh() -> Result<()> {
    let docker = Dockerd::start()?;
    let socket = docker.socket();
    let socket = socket.to_str().context("a path")?;
    let config = format!("mesh:\n  listen: off\n  dockerSocket: {socket}\n  dns: {{listen: off}}\n");
    let mut daemon = Daemon::builder().config(&config).start().await?;
    let (api, sshd) = (daemon.api()?, Sshd::start()?);
    let path = format!("{SERVERS}/containers");
    let none = ok(&api, api.get(&path)).await?;
    ensure!(none["containers"] == json!([]) && none["errors"] == json!([]), "{none}");

    docker.run(&["run", "-d", "--name", "web", "--memory", "64m", IMAGE, "/bin/sleep", "600"])?;
    docker.run(&["run", "-d", "--name", "busy", IMAGE, "/bin/sh", "-c", "while :; do :; done"])?;
    docker.run(&["create", "--name", "never", IMAGE, "/bin/sleep", "1"])?;
    let mut with_docker = wanted("with-docker", &sshd)?;
    with_docker["docker_socket"] = json!(socket);
    ok(&api, api.post(SERVERS).json(&with_docker)).await?;
    let mut without = wanted("without", &sshd)?;
    without["docker_socket"] = json!("/nowhere/docker.sock");
    ok(&api, api.post(SERVERS).json(&without)).await?;

    let all = ok(&api, api.get(&path)).await?;
    let rows = all["containers"].as_array().context("containers")?;
    for server in ["local", "with-docker"] {
        let of: Vec<&Value> = rows.iter().filter(|row| row["server"] == server).collect();
        let names: Vec<&str> = of.iter().filter_map(|row| row["name"].as_str()).collect();
        ensure!(names == ["busy", "never", "web"], "{all}");
        let (busy, never, web) = (of[0], of[1], of[2]);
        ensure!(busy["cpu_percent"].as_f64().is_some_and(|percent| percent > 10.0), "{busy}");
        ensure!(web["memory_limit"] == 64 << 20 && web["pids"] == 1 && web["net_rx"].is_u64(), "{web}");
        ensure!(web["state"] == "running" && web["image"] == IMAGE, "{web}");
        ensure!(never["state"] == "created" && never["cpu_percent"].is_null() && never["pids"].is_null(), "{never}");
    }
    let errors = all["errors"].as_array().context("errors")?;
    ensure!(errors.len() == 1 && errors[0]["server"] == "without", "{all}");
    let text = all["output"].as_str().context("output")?;
    ensure!(text.starts_with("Host:   local\nNAME ") && text.contains("MEM USAGE/LIMIT"), "{text}");

    // A machine without Docker says so, and that is all that is wrong with it.
    drop(docker);
    later().await;
    let (status, body) = api.json(api.get(&path)).await?;
    ensure!(
        status == 200 && body["ok"] == false && body["errors"].as_array().is_some_and(|errors| errors.len() == 3),
        "{body}"
    );
    ensure!(body["errors"].to_string().contains("There is no Docker on this machine"), "{body}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_a_docker_that_stalls_is_told_of_in_time() -> Result<()> {
    let place = tempfile::tempdir()?;
    let socket = place.path().join("docker.sock");
    let silent = tokio::net::UnixListener::bind(&socket)?;
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            held.push(stream);
        }
    });
    let config = format!("mesh:\n  listen: off\n  dockerSocket: {}\n  dns: {{listen: off}}\n", socket.display());
    let mut daemon = Daemon::builder().config(&config).start().await?;
    let api = daemon.api()?;
    let begin = Instant::now();
    let (status, body) = api.json(api.get(&format!("{SERVERS}/containers"))).await?;
    ensure!(begin.elapsed() < LIST && status == 200 && body["ok"] == false, "{:?} {status} {body}", begin.elapsed());
    ensure!(body["errors"].to_string().contains("does not answer within"), "{body}");
    Ok(())
}

/// A machine that somebody else holds may answer anything.
#[tokio::test(flavor = "multi_thread")]
async fn v25_v26_a_hostile_machine_changes_nothing_but_what_is_said_of_it() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let (api, mut sshd) = (daemon.api()?, Sshd::start()?);
    ok(&api, api.post(SERVERS).json(&wanted("evil", &sshd)?)).await?;
    let directory = tempfile::tempdir()?;
    let script = directory.path().join("answer");
    let good = "cpu  1 1 1 1 1 1 1 1\ncpu0 1\n@after\ncpu  2 2 2 2 2 2 2 2\ncpu0 1\n@meminfo\nMemTotal: 9 kB\nMemAvailable: 3 kB\n";
    let rest = |load: &str, gpu: &str| {
        format!("@before\n{good}@loadavg\n{load}\n@uptime\n5.0\n@disk\nx\n/dev/x 10 5 5 50% /\n@gpus\n{gpu}\n@end\n")
    };
    let hostile = "0, \u{1b}]52;c;aGk=\u{7}\u{202e}<img src=x onerror=alert(1)>, 1, 1, 1, 1, 1, 1";
    for (answer, is_read) in [
        (String::new(), false),
        ("\u{1b}[2J".repeat(1000), false),
        (rest("NaN inf 1e999 1/1 1", ""), false),
        (rest("-1 0 0 1/1 1", ""), false),
        (rest("0 0 0 1/1 1", hostile), true),
    ] {
        std::fs::File::create(&script)?.write_all(answer.as_bytes())?;
        sshd.configure(&format!("ForceCommand cat {0}; cat {0} >&2; exit 1", script.display()));
        sshd.start_again()?;
        later().await;
        let list = list(&api).await?;
        let machine = row(&list, "evil")?;
        ensure!((machine["status"] == "online") == is_read, "{machine}");
        ensure!(machine["memory_total"].as_u64().is_some_and(|bytes| bytes > 0), "{machine}");
        let seen = format!("{} {} {}", list["output"], machine["error"], machine["gpus"]);
        ensure!(!seen.contains(['\u{1b}', '\u{7}', '\u{202e}']) && !seen.contains("\\u001b"), "{seen}");
    }
    // One that never stops writing is cut off.
    sshd.configure("ForceCommand yes");
    sshd.start_again()?;
    later().await;
    let begin = Instant::now();
    let list = list(&api).await?;
    let machine = row(&list, "evil")?;
    ensure!(machine["error"].as_str().is_some_and(|why| why.contains("longer than")), "{machine}");
    ensure!(begin.elapsed() < LIST, "{:?}", begin.elapsed());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_at_once_share_a_login() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let (api, sshd) = (daemon.api()?, Sshd::start()?);
    ok(&api, api.post(SERVERS).json(&wanted("one", &sshd)?)).await?;
    later().await;
    let before = sshd.log().matches("Accepted publickey").count();
    let (begin, mut askers) = (Instant::now(), tokio::task::JoinSet::new());
    for _ in 0..20 {
        let api = api.clone();
        askers.spawn(async move { list(&api).await });
    }
    for answer in askers.join_all().await {
        ensure!(row(&answer?, "one")?["status"] == "online");
    }
    let logins = sshd.log().matches("Accepted publickey").count() - before;
    // On a busy machine twenty questions are not at once.
    let windows = usize::try_from(begin.elapsed().as_secs() / 2)? + 1;
    ensure!((1..=windows).contains(&logins), "{logins} logins within {:?}", begin.elapsed());
    Ok(())
}
