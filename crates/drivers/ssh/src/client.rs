//! One connection: whom it reaches is checked before who we are is shown.

use std::borrow::Cow;
use std::fmt;
use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use russh::{
    ChannelMsg, Disconnect, MethodKind, Preferred,
    client::{self, AuthResult, Handle, KeyboardInteractiveAuthResponse},
    kex,
    keys::{Algorithm, HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::{Error, Fingerprint, PrivateKey, Result, User};

/// A connection on which nothing comes for so long is given up, whoever holds it.
const IDLE: Duration = Duration::from_secs(60);
/// Questions that a server may put before it lets somebody in by their password.
const QUESTIONS: usize = 4;

/// How we prove who we are.
#[derive(Clone)]
pub enum Credential {
    Key(PrivateKey),
    Password(Zeroizing<String>),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key(_) => "Key(***)",
            Self::Password(_) => "Password(***)",
        })
    }
}

/// How long a command may take, and how much it may write.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    pub time: Duration,
    /// Of standard output and standard error together.
    pub bytes: usize,
}

/// What a command wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Its exit status; none if a signal ended it.
    pub exit: Option<u32>,
}

/// A stream to a socket of the machine.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection that is logged in. It ends when it is dropped.
pub struct Session {
    handle: Handle<Guard>,
    host_key: Fingerprint,
    _line: Line,
}

/// Ends the connection when it is dropped. The library's own task would hold it for as long as the other side likes.
struct Line(std::net::TcpStream);

impl Drop for Line {
    fn drop(&mut self) {
        // A connection that has ended already cannot be ended again, and need not be.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("host_key", &self.host_key).finish_non_exhaustive()
    }
}

/// Compares the server's key with the pinned one, at every key exchange.
struct Guard {
    pinned: Option<Fingerprint>,
    offered: Arc<OnceLock<Fingerprint>>,
}

impl client::Handler for Guard {
    type Error = Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else {
            return Err(Error::Protocol("it showed a certificate, which was not asked for".to_owned()));
        };
        let offered = Fingerprint::of(key);
        let first = self.offered.get_or_init(|| offered.clone());
        if self.pinned.as_ref().unwrap_or(first) == &offered {
            Ok(true)
        } else {
            Err(Error::HostKeyChanged { offered })
        }
    }
}

impl Session {
    /// Connects to the first of the addresses that answers, and logs in.
    ///
    /// With `pinned`, a server that has another key gets nothing from us. Without, whoever answers is believed: keep
    /// [`Session::host_key`] and pin it from then on.
    ///
    /// # Errors
    /// When nobody answers in time, the key is another one, or the server does not let us in.
    pub async fn connect(
        addresses: &[SocketAddr],
        user: &User,
        credential: &Credential,
        pinned: Option<&Fingerprint>,
        within: Duration,
    ) -> Result<Self> {
        let connect = async {
            let (stream, line) = dial(addresses).await?;
            let offered = Arc::new(OnceLock::new());
            let guard = Guard { pinned: pinned.cloned(), offered: Arc::clone(&offered) };
            let mut handle = client::connect_stream(Arc::new(config()), stream, guard).await?;
            log_in(&mut handle, user, credential).await?;
            let host_key = offered.get().cloned();
            let host_key = host_key.ok_or_else(|| Error::Protocol("the server showed no key".to_owned()))?;
            Ok(Self { handle, host_key, _line: line })
        };
        // Its state is large, and callers hold it together with others.
        timeout(within, Box::pin(connect)).await.unwrap_or(Err(Error::Slow(within)))
    }

    /// The key that the server has.
    #[must_use]
    pub fn host_key(&self) -> &Fingerprint {
        &self.host_key
    }

    /// Runs a command of ours in the account's shell. It is a text of the program, never made of what people give.
    ///
    /// # Errors
    /// When it cannot be run, takes too long or writes too much. An exit status that is not 0 is no error.
    pub async fn run(&self, command: &'static str, limit: Limit) -> Result<Output> {
        let run = async {
            let mut channel = self.handle.channel_open_session().await?;
            channel.exec(true, command).await?;
            let mut output = Output::default();
            let mut has_ended = false;
            while let Some(message) = channel.wait().await {
                let (data, into) = match &message {
                    ChannelMsg::Data { data } => (data, &mut output.stdout),
                    ChannelMsg::ExtendedData { data, ext: 1 } => (data, &mut output.stderr),
                    ChannelMsg::ExitStatus { exit_status } => {
                        (output.exit, has_ended) = (Some(*exit_status), true);
                        continue;
                    }
                    ChannelMsg::ExitSignal { .. } => {
                        has_ended = true;
                        continue;
                    }
                    ChannelMsg::Failure => return Err(Error::Closed("a session for commands")),
                    ChannelMsg::Close => break,
                    _ => continue,
                };
                into.extend_from_slice(data);
                if output.stdout.len() + output.stderr.len() > limit.bytes {
                    return Err(Error::TooMuch(limit.bytes));
                }
            }
            if has_ended {
                Ok(output)
            } else {
                Err(Error::Protocol("the connection ended before the command did".to_owned()))
            }
        };
        timeout(limit.time, Box::pin(run)).await.unwrap_or(Err(Error::Slow(limit.time)))
    }

    /// A stream to a socket in the machine's file system. The session must outlive it.
    ///
    /// # Errors
    /// When the server forbids it, nobody listens there, or the account may not use it; servers do not say which.
    pub async fn unix_stream(&self, path: &str, within: Duration) -> Result<impl Stream + use<>> {
        let open = async {
            match self.handle.channel_open_direct_streamlocal(path).await {
                Ok(channel) => Ok(channel.into_stream()),
                Err(russh::Error::ChannelOpenFailure(_)) => Err(Error::Closed("that socket")),
                Err(error) => Err(error.into()),
            }
        };
        timeout(within, Box::pin(open)).await.unwrap_or(Err(Error::Slow(within)))
    }

    /// Says goodbye. Without it the connection simply ends.
    pub async fn close(self) {
        // Whoever is gone already need not be told.
        let _ = self.handle.disconnect(Disconnect::ByApplication, "", "en").await;
    }
}

fn config() -> client::Config {
    // The post-quantum exchange costs more than all the rest of a short look; it is taken where nothing else is offered.
    let default = Preferred::DEFAULT;
    let is_quick = |name: &kex::Name| matches!(*name, kex::CURVE25519 | kex::CURVE25519_PRE_RFC_8731);
    let (mut kex, slow): (Vec<_>, Vec<_>) = default.kex.iter().copied().partition(is_quick);
    kex.extend(slow);
    // SHA-1 is not believed (RFC 8332), nor are certificates, whose authority nobody here knows.
    let key = default.key.iter().filter(|kind| !matches!(kind, Algorithm::Rsa { hash: None })).cloned().collect();
    client::Config {
        preferred: Preferred { kex: Cow::Owned(kex), key: Cow::Owned(key), ..default },
        inactivity_timeout: Some(IDLE),
        ..client::Config::default()
    }
}

async fn dial(addresses: &[SocketAddr]) -> Result<(TcpStream, Line)> {
    let mut failure = std::io::Error::new(std::io::ErrorKind::AddrNotAvailable, "there is no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return with_line(stream).map_err(Error::Connect),
            Err(error) => failure = error,
        }
    }
    Err(Error::Connect(failure))
}

fn with_line(stream: TcpStream) -> std::io::Result<(TcpStream, Line)> {
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    let line = Line(stream.try_clone()?);
    Ok((TcpStream::from_std(stream)?, line))
}

async fn log_in(handle: &mut Handle<Guard>, user: &User, credential: &Credential) -> Result<()> {
    let (result, with) = match credential {
        Credential::Key(key) => {
            // RSA with SHA-1 is not used (RFC 8332); other kinds of keys ignore this.
            let hash = match key.is_rsa() {
                true => handle.best_supported_rsa_hash().await?.flatten().or(Some(HashAlg::Sha256)),
                false => None,
            };
            let key = PrivateKeyWithHashAlg::new(key.inner(), hash);
            (handle.authenticate_publickey(user.as_str(), key).await?, "this key")
        }
        Credential::Password(password) => {
            let result = handle.authenticate_password(user.as_str(), password.as_str()).await?;
            (by_questions(handle, user, password, result).await?, "this password")
        }
    };
    match result {
        AuthResult::Success => Ok(()),
        AuthResult::Failure { .. } if handle.is_closed() => {
            Err(Error::Protocol("it ended the connection while we logged in".to_owned()))
        }
        AuthResult::Failure { .. } => Err(Error::Refused { user: user.to_string(), with }),
    }
}

/// Servers that let passwords in through PAM only ask for them instead (RFC 4256). One that knows both was answered already.
async fn by_questions(
    handle: &mut Handle<Guard>,
    user: &User,
    password: &Zeroizing<String>,
    result: AuthResult,
) -> Result<AuthResult> {
    let AuthResult::Failure { remaining_methods, .. } = &result else { return Ok(result) };
    if remaining_methods.contains(&MethodKind::Password)
        || !remaining_methods.contains(&MethodKind::KeyboardInteractive)
    {
        return Ok(result);
    }
    let mut asked = handle.authenticate_keyboard_interactive_start(user.as_str(), None::<String>).await?;
    for _ in 0..QUESTIONS {
        let prompts = match asked {
            KeyboardInteractiveAuthResponse::Success => return Ok(AuthResult::Success),
            KeyboardInteractiveAuthResponse::Failure { .. } => break,
            KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => prompts,
        };
        // What is to be shown while it is typed is no password.
        let answers = prompts.iter().map(|prompt| if prompt.echo { String::new() } else { password.to_string() });
        asked = handle.authenticate_keyboard_interactive_respond(answers.collect()).await?;
    }
    Ok(result)
}
