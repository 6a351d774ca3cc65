//! Against real OpenSSH servers, and against servers that are none.

use std::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use plenum_ssh::{Credential, Error, Fingerprint, Limit, PrivateKey, Session, User};
use testkit::Sshd;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const SOON: Duration = Duration::from_secs(10);
const LIMIT: Limit = Limit { time: SOON, bytes: 64 * 1024 };

fn at(sshd: &Sshd) -> [SocketAddr; 1] {
    [SocketAddr::from(([127, 0, 0, 1], sshd.port()))]
}

fn key(pem: &str) -> Result<Credential> {
    Ok(Credential::Key(PrivateKey::from_pem(pem)?))
}

fn password(text: &str) -> Credential {
    Credential::Password(text.to_owned().into())
}

async fn connect(sshd: &Sshd, credential: &Credential, pinned: Option<&Fingerprint>) -> Result<Session, Error> {
    let user = sshd.user().map_err(|error| Error::Invalid(error.to_string()))?;
    Session::connect(&at(sshd), &User::new(&user)?, credential, pinned, SOON).await
}

/// How often somebody tried to prove who they are.
fn attempts(sshd: &Sshd) -> usize {
    let is_attempt =
        |line: &&str| ["Accepted", "Failed", "Postponed", "authenticating"].iter().any(|w| line.contains(w));
    sshd.log().lines().filter(is_attempt).count()
}

#[tokio::test]
async fn every_kind_of_key_logs_in_and_runs_a_command() -> Result<()> {
    let sshd = Sshd::start()?;
    let mut keys = vec![sshd.client_key()?];
    keys.push(sshd.key("ecdsa", &["-b", "384"])?);
    keys.push(sshd.key("rsa", &["-b", "2048"])?);
    for pem in keys {
        let session = connect(&sshd, &key(&pem)?, None).await?;
        ensure!(session.host_key().as_str() == sshd.fingerprint()?, "{}", session.host_key());
        let output = session.run("printf out; printf err >&2; exit 7", LIMIT).await?;
        ensure!(output.stdout == b"out" && output.stderr == b"err" && output.exit == Some(7), "{output:?}");
        let killed = session.run("kill -9 $$", LIMIT).await?;
        ensure!(killed.exit.is_none(), "{killed:?}");
        session.close().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_refused_before_anything_is_tried() -> Result<()> {
    let sshd = Sshd::start()?;
    let locked = sshd.key("ecdsa", &["-N", "a passphrase"])?;
    let refused = PrivateKey::from_pem(&locked).map(drop).unwrap_err().to_string();
    ensure!(refused.contains("passphrase"), "{refused}");
    let weak = sshd.key("rsa", &["-b", "1024"])?;
    let refused = PrivateKey::from_pem(&weak).map(drop).unwrap_err().to_string();
    ensure!(refused.contains("2048"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn a_key_that_was_made_here_is_a_key_for_openssh() -> Result<()> {
    let sshd = Sshd::start()?;
    let made = PrivateKey::generate()?;
    ensure!(matches!(connect(&sshd, &Credential::Key(made.clone()), None).await, Err(Error::Refused { .. })));
    sshd.authorize(&made.public_line("plenum@test")?)?;
    connect(&sshd, &Credential::Key(made), None).await?;
    Ok(())
}

#[tokio::test]
async fn a_password_logs_in_and_a_wrong_one_does_not() -> Result<()> {
    let sshd = Sshd::with("", Some("correct horse"))?;
    let session = connect(&sshd, &password("correct horse"), None).await?;
    ensure!(session.run("echo in", LIMIT).await?.stdout == b"in\n");
    let refused = connect(&sshd, &password("battery staple"), None).await.unwrap_err();
    ensure!(matches!(refused, Error::Refused { .. }), "{refused:?}");
    ensure!(!format!("{refused:?} {refused}").contains("battery"), "{refused:?}");
    Ok(())
}

/// Many distributions let passwords in through PAM only, which asks for them.
#[tokio::test]
async fn a_password_logs_in_where_the_server_asks_for_it() -> Result<()> {
    let asks = "UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication yes";
    let sshd = Sshd::with(asks, Some("correct horse"))?;
    let session = connect(&sshd, &password("correct horse"), None).await?;
    ensure!(session.run("echo in", LIMIT).await?.stdout == b"in\n");
    let refused = connect(&sshd, &password("battery staple"), None).await.unwrap_err();
    ensure!(matches!(refused, Error::Refused { .. }), "{refused:?}");
    ensure!(sshd.log().contains("keyboard-interactive"), "{}", sshd.log());
    Ok(())
}

#[tokio::test]
async fn v18_a_changed_host_key_gets_nothing_from_us() -> Result<()> {
    let mut sshd = Sshd::with("", Some("correct horse"))?;
    let credential = password("correct horse");
    let pinned = connect(&sshd, &credential, None).await?.host_key().clone();
    connect(&sshd, &credential, Some(&pinned)).await?;
    let before = attempts(&sshd);
    ensure!(before >= 2, "the log tells of logins: {}", sshd.log());

    sshd.new_host_key("ed25519")?;
    sshd.start_again()?;
    let changed = sshd.fingerprint()?;
    for credential in [credential, key(&sshd.client_key()?)?] {
        match connect(&sshd, &credential, Some(&pinned)).await {
            Err(Error::HostKeyChanged { offered }) => {
                ensure!(offered.as_str() == changed, "{offered} is not {changed}")
            }
            other => anyhow::bail!("{other:?}"),
        }
    }
    // The server has to see that we are gone before its log is complete.
    tokio::time::sleep(Duration::from_millis(300)).await;
    ensure!(attempts(&sshd) == before, "somebody tried to log in:\n{}", sshd.log());
    let offered = Fingerprint::new(&changed)?;
    connect(&sshd, &key(&sshd.client_key()?)?, Some(&offered)).await?;
    Ok(())
}

/// Who stands in between cannot have the server's key; so they show their own, and it is of another kind.
#[tokio::test]
async fn v18_a_man_in_the_middle_gets_nothing_from_us() -> Result<()> {
    let (server, middle) = (Sshd::start()?, Sshd::start()?);
    middle.new_host_key("ecdsa")?;
    let mut middle = middle;
    middle.start_again()?;
    let pinned = connect(&server, &key(&server.client_key()?)?, None).await?.host_key().clone();
    let credential = key(&middle.client_key()?)?;
    let refused = connect(&middle, &credential, Some(&pinned)).await.unwrap_err();
    ensure!(matches!(refused, Error::HostKeyChanged { .. }), "{refused:?}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    ensure!(attempts(&middle) == 0, "{}", middle.log());
    Ok(())
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_says_for_whom() -> Result<()> {
    let sshd = Sshd::start()?;
    let refused = connect(&sshd, &Credential::Key(PrivateKey::generate()?), None).await.unwrap_err();
    ensure!(refused.to_string().contains(&sshd.user()?), "{refused}");
    Ok(())
}

/// A server that accepts connections and then does something else.
async fn oddity(hello: &'static [u8], is_open: bool) -> Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(hello).await;
            if is_open {
                held.push(stream);
            }
        }
    });
    Ok(address)
}

#[tokio::test]
async fn servers_that_are_none_cost_no_more_than_the_limit() -> Result<()> {
    let user = User::new("root")?;
    let credential = Credential::Key(PrivateKey::generate()?);
    let limit = Duration::from_millis(700);
    for (hello, is_open) in [
        (&b""[..], true),
        (b"SSH-2.0-silent\r\n", true),
        (b"", false),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", false),
        (b"SSH-2.0-liar\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", true),
        (b"SSH-1.5-old\r\n", true),
    ] {
        let address = oddity(hello, is_open).await?;
        let begin = Instant::now();
        let failed = Session::connect(&[address], &user, &credential, None, limit).await.unwrap_err();
        ensure!(begin.elapsed() < limit * 3, "{hello:?}: {:?}", begin.elapsed());
        if hello.is_empty() && is_open {
            ensure!(matches!(failed, Error::Slow(_)), "{failed:?}");
        }
    }
    let nobody = SocketAddr::from(([127, 0, 0, 1], testkit::free_port()));
    let failed = Session::connect(&[nobody], &user, &credential, None, limit).await.unwrap_err();
    ensure!(matches!(failed, Error::Connect(_)), "{failed:?}");
    // The next address is tried.
    let sshd = Sshd::start()?;
    let user = User::new(&sshd.user()?)?;
    Session::connect(&[nobody, at(&sshd)[0]], &user, &key(&sshd.client_key()?)?, None, SOON).await?;
    Ok(())
}

#[tokio::test]
async fn what_a_command_writes_and_how_long_it_takes_is_bounded() -> Result<()> {
    let sshd = Sshd::start()?;
    let session = connect(&sshd, &key(&sshd.client_key()?)?, None).await?;
    let failed = session.run("yes", LIMIT).await.unwrap_err();
    ensure!(matches!(failed, Error::TooMuch(_)), "{failed:?}");
    let failed = session.run("yes >&2", LIMIT).await.unwrap_err();
    ensure!(matches!(failed, Error::TooMuch(_)), "{failed:?}");
    let short = Limit { time: Duration::from_millis(300), ..LIMIT };
    let failed = session.run("sleep 30", short).await.unwrap_err();
    ensure!(matches!(failed, Error::Slow(_)), "{failed:?}");
    ensure!(session.run("echo still", LIMIT).await?.stdout == b"still\n");
    Ok(())
}

#[tokio::test]
async fn a_dropped_session_is_gone_at_the_server_too() -> Result<()> {
    let sshd = Sshd::start()?;
    let session = connect(&sshd, &key(&sshd.client_key()?)?, None).await?;
    let held = session.run("echo $PPID", LIMIT).await?;
    let pid: u32 = String::from_utf8(held.stdout)?.trim().parse()?;
    ensure!(testkit::process::is_alive(pid));
    drop(session);
    testkit::wait::until_async("the server to let go", SOON, || async { !testkit::process::is_alive(pid) }).await
}

#[tokio::test]
async fn a_stream_reaches_a_socket_of_the_machine() -> Result<()> {
    let sshd = Sshd::start()?;
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("echo.sock");
    let listener = UnixListener::bind(&path)?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut from = stream.try_clone().unwrap();
            let mut to = stream;
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        }
    });
    let session = connect(&sshd, &key(&sshd.client_key()?)?, None).await?;
    let path = path.to_str().context("a path")?;
    let mut stream = session.unix_stream(path, SOON).await?;
    let sent: Vec<u8> = (0..100_000u32).flat_map(u32::to_be_bytes).collect();
    let (mut read, mut write) = tokio::io::split(&mut stream);
    let mut back = vec![0; sent.len()];
    let (written, got) = tokio::join!(write.write_all(&sent), read.read_exact(&mut back));
    written?;
    got?;
    ensure!(back == sent);
    drop((read, write));
    let failed = session.unix_stream("/nowhere/at/all.sock", SOON).await.err();
    ensure!(matches!(failed, Some(Error::Closed(_))), "{failed:?}");
    Ok(())
}
