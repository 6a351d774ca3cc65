//! Where a frontend listens.

use shape::{Either, Extra, Int, Nullable, Positive, Shape, Text};

use super::common::{Dur, Id, Line, Reference, Size};

/// A `bind` line (configuration manual section 5.1).
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Bind {
    /// Its identifier.
    pub id: Id,
    /// Where it listens: `:80`, `*:80`, `10.0.0.1:443`, `[::]:443`, `quic4@:443`, `unix@/run/x.sock`, or several with commas.
    pub address: Line,
    /// For people.
    pub label: Option<Text<0, 64>>,
    /// The name of the listener in statistics (`name`).
    pub name: Option<Text<1, 64>>,
    /// The network interface (`interface`).
    pub interface: Option<Line>,
    /// The network namespace (`namespace`).
    pub namespace: Option<Line>,
    /// Whether foreign addresses may be listened on (`transparent`).
    #[shape(default = false)]
    pub transparent: bool,
    /// Whether the PROXY protocol is expected (`accept-proxy`).
    #[shape(default = false)]
    pub accept_proxy: bool,
    /// The threads that serve it (`thread`).
    pub thread: Option<Line>,
    /// How many sockets are opened (`shards`).
    pub shards: Option<Either<Shards, Positive>>,
    /// Connections that may wait to be accepted (`backlog`).
    pub backlog: Option<Positive>,
    /// Most concurrent connections (`maxconn`).
    pub maxconn: Option<Positive>,
    /// Priority of its tasks (`nice`).
    pub nice: Option<Int<-20, 19>>,
    /// Largest TCP segment (`mss`).
    pub mss: Option<Positive>,
    /// How long sent data may stay unconfirmed (`tcp-ut`).
    pub tcp_ut: Option<Dur>,
    /// HAProxy has no such setting on a bind; giving it is an issue.
    pub tcp_quick_ack: Option<bool>,
    /// Whether connections are accepted only once data came (`defer-accept`).
    pub defer_accept: Option<bool>,
    /// Whether TCP Fast Open is used (`tfo`).
    pub tfo: Option<bool>,
    /// Which versions of IP are listened on.
    pub ip_family: Option<IpFamily>,
    /// The floating address that it belongs to.
    #[shape(default)]
    pub floating_ip_instance_id: Reference,
    /// TLS.
    #[shape(default)]
    pub ssl: BindSsl,
    /// QUIC, for addresses that begin with `quic4@` or `quic6@`.
    #[shape(default)]
    pub quic: BindQuic,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// How many sockets are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum Shards {
    /// One for each thread.
    ByThread,
    /// One for each thread group (HAProxy 2.7 and later).
    ByGroup,
}

/// Which versions of IP are listened on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum IpFamily {
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
    /// Both, on one IPv6 socket.
    Dual,
}

/// TLS of a bind.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct BindSsl {
    /// Whether it speaks TLS (`ssl`).
    #[shape(default = false)]
    pub enabled: bool,
    /// The file that lists its certificates (`crt-list`). When neither this nor `defaultCert` is given, the
    /// certificates that Plenum manages are used.
    #[shape(default)]
    pub crt_list_ref: Nullable<Line>,
    /// The file of its certificate (`crt`).
    #[shape(default)]
    pub default_cert: Nullable<Line>,
    /// Protocols that are offered (`alpn`).
    #[shape(default)]
    pub alpn: Vec<Line>,
    /// Cipher suites up to TLS 1.2 (`ciphers`).
    pub ciphers: Option<Line>,
    /// Cipher suites of TLS 1.3 (`ciphersuites`).
    pub ciphersuites: Option<Line>,
    /// Least version (`ssl-min-ver`).
    pub ssl_min_version: Option<BindTlsVersion>,
    /// Greatest version (`ssl-max-ver`).
    pub ssl_max_version: Option<BindTlsVersion>,
    /// Elliptic curves (`curves`).
    pub curves: Option<Line>,
    /// Whether session tickets are refused (`no-tls-tickets`).
    #[shape(default = false)]
    pub no_tls_tickets: bool,
    /// Whether the client chooses the cipher suite (`prefer-client-ciphers`).
    #[shape(default = false)]
    pub prefer_client_ciphers: bool,
    /// Whether data may come with the handshake (`allow-0rtt`).
    #[shape(default = false)]
    pub allow0rtt: bool,
    /// Whether unknown names are refused (`strict-sni`).
    #[shape(default = false)]
    pub strict_sni: bool,
    /// The authority that client certificates must come from (`ca-file`).
    pub ca_trusted_ca_id: Option<Id>,
    /// Whether client certificates are asked for (`verify`).
    pub verify: Option<ClientVerify>,
    /// Which client certificates are revoked (`crl-file`).
    pub crl_trusted_crl_id: Option<Id>,
    /// Whether invalid client certificates are let through for rules to judge (`crt-ignore-err all`).
    #[shape(default = false)]
    pub crt_ignore_errors: bool,
    /// Whether errors above the client certificate are let through (`ca-ignore-err all`).
    #[shape(default = false)]
    pub ca_ignore_errors: bool,
    /// The authority for checking alone, not announced to clients (`ca-verify-file`).
    pub ca_verify_trusted_ca_id: Option<Id>,
    /// Whether clients are not told which authorities are accepted (`no-ca-names`).
    #[shape(default = false)]
    pub no_ca_names: bool,
    /// Signature algorithms (`sigalgs`; HAProxy 2.8 and later).
    pub sigalgs: Option<Line>,
    /// Signature algorithms for client certificates (`client-sigalgs`; HAProxy 2.8 and later).
    pub client_sigalgs: Option<Line>,
    /// Where the state of its certificate is asked for; kept, not rendered.
    pub ocsp_update_uri: Option<Line>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A TLS version that a bind may be limited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Shape)]
#[shape(strings)]
pub enum BindTlsVersion {
    /// TLS 1.2.
    #[shape(rename = "TLSv1.2")]
    V12,
    /// TLS 1.3.
    #[shape(rename = "TLSv1.3")]
    V13,
}

/// Whether client certificates are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum ClientVerify {
    /// No.
    None,
    /// Yes, but none need be given.
    Optional,
    /// Yes, and without one there is no connection.
    Required,
}

/// QUIC of a bind.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct BindQuic {
    /// The congestion control (`quic-cc-algo`).
    pub cc_algo: Option<QuicCc>,
    /// Its largest window, in bytes or with `k`, `m`, `g`.
    pub cc_algo_window: Option<Size>,
    /// Whether every client's address is verified first (`quic-force-retry`).
    #[shape(default = false)]
    pub force_retry: bool,
    /// Whether each connection has its own socket (`quic-socket`).
    pub socket: Option<QuicSocket>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Congestion controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum QuicCc {
    /// CUBIC.
    Cubic,
    /// BBR (HAProxy 3.1 and later, experimental).
    Bbr,
    /// NewReno.
    Newreno,
    /// None.
    Nocc,
}

/// Which socket serves a QUIC connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum QuicSocket {
    /// Its own.
    Connection,
    /// The listener's.
    Listener,
}
