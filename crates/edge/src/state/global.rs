//! The `global` section: limits, logging, TLS defaults, QUIC, Lua.

use shape::{Extra, Int, Nullable, Positive, Shape};

use super::common::{Dur, Free, Line, Size};

/// The `global` section (configuration manual section 3).
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct GlobalSettings {
    /// Most concurrent connections of the process (`maxconn`). Never more than `fdHardLimit` has descriptors for:
    /// the rendered value is the smaller of this and `(fdHardLimit - 256) / 2`.
    #[shape(default = Int::lit(500_000))]
    pub maxconn: Int<1, 2_000_000>,
    /// Most file descriptors of the process (`fd-hard-limit`).
    #[shape(default = Int::lit(524_288))]
    pub fd_hard_limit: Int<1024, 2_000_000>,
    /// Bytes of one buffer (`tune.bufsize`).
    #[shape(default = Int::lit(64_768))]
    pub tune_bufsize: Int<8192, 268_435_440>,
    /// TLS for every bind and every server.
    #[shape(default)]
    pub ssl: GlobalSsl,
    /// How long an old process may finish its connections after a reload (`hard-stop-after`).
    #[shape(default = Dur::lit("30s"))]
    pub hard_stop_after: Dur,
    /// Least severity that is logged.
    #[shape(default = SyslogLevel::Info)]
    pub log_level: SyslogLevel,
    /// Lua files that are loaded (`lua-load`).
    #[shape(default)]
    pub lua_plugins: Vec<LuaPlugin>,
    /// How unique request ids are made (`unique-id-format`, a log format).
    #[shape(default = Free::lit(r"%{+X}o\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid"))]
    pub unique_id_format: Free,
    /// The request header that carries the unique id (`unique-id-header`).
    #[shape(default = Nullable(Some(Line::lit("X-Request-ID"))))]
    pub unique_id_header: Nullable<Line>,
    /// Whether requests are logged as JSON objects.
    #[shape(default = false)]
    pub json_log_format: bool,
    /// QUIC.
    #[shape(default)]
    pub quic: GlobalQuic,
    /// Further lines of the section, one directive each.
    #[shape(default)]
    pub advanced_directives: Vec<Free>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// TLS for every bind and every server.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct GlobalSsl {
    /// The preset that `bind` and `server` fall back to.
    #[shape(default)]
    pub profile: SslProfile,
    /// For binds (`ssl-default-bind-*`).
    #[shape(default)]
    pub bind: SslLists,
    /// For servers (`ssl-default-server-*`).
    #[shape(default)]
    pub server: SslLists,
    /// Sizes and caches (`tune.ssl.*`).
    #[shape(default)]
    pub tune: SslTune,
    /// OpenSSL providers.
    #[shape(default)]
    pub providers: SslProviders,
    /// Files that are loaded beside a certificate.
    #[shape(default)]
    pub load_extra_files: LoadExtraFiles,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A preset of TLS versions and ciphers.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct SslProfile {
    /// Which preset.
    #[shape(default = SslProfileName::Intermediate)]
    pub name: SslProfileName,
    /// Which version of the preset the document was written for.
    #[shape(default = Positive::lit(1))]
    pub based_on_version: Positive,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// The presets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum SslProfileName {
    /// TLS 1.3 only.
    Modern,
    /// TLS 1.2 and 1.3.
    Intermediate,
    /// Everything since TLS 1.0.
    Old,
    /// Nothing but the document's own lists.
    Custom,
}

/// Lists of one side; an absent list falls back to the profile, an empty one clears it.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct SslLists {
    /// TLS versions that are allowed.
    pub enabled_versions: Option<Vec<TlsVersion>>,
    /// Cipher suites up to TLS 1.2, in OpenSSL's names.
    pub ciphers: Option<Vec<Line>>,
    /// Cipher suites of TLS 1.3.
    pub ciphersuites: Option<Vec<Line>>,
    /// Elliptic curves (servers: HAProxy 3.0 and later).
    pub curves: Option<Vec<Line>>,
    /// Signature algorithms (binds: HAProxy 2.8 and later, servers: 3.0 and later).
    pub sigalgs: Option<Vec<Line>>,
    /// Signature algorithms for client certificates (as `sigalgs`).
    pub client_sigalgs: Option<Vec<Line>>,
    /// Further options, such as `no-tls-tickets`.
    pub options: Option<Vec<Line>>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A TLS version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Shape)]
#[shape(strings)]
pub enum TlsVersion {
    /// TLS 1.0.
    #[shape(rename = "TLSv1.0")]
    V10,
    /// TLS 1.1.
    #[shape(rename = "TLSv1.1")]
    V11,
    /// TLS 1.2.
    #[shape(rename = "TLSv1.2")]
    V12,
    /// TLS 1.3.
    #[shape(rename = "TLSv1.3")]
    V13,
}

/// A count or size of a tunable.
pub type Count = Int<0, 2_147_483_647>;

/// Sizes and caches (`tune.ssl.*`).
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct SslTune {
    /// Sessions that are remembered.
    pub cachesize: Option<Count>,
    /// Seconds for which a session is remembered.
    pub lifetime: Option<Count>,
    /// Most bytes of one TLS record.
    pub maxrecord: Option<Count>,
    /// Bits of the Diffie-Hellman parameters that HAProxy makes itself.
    #[shape(default = Int::lit(4096))]
    pub default_dh_param: Int<1024, 65536>,
    /// Whether each process has its own session cache.
    pub force_private_cache: Option<bool>,
    /// Bytes of the client hello that are kept for samples.
    pub capture_buffer_size: Option<Count>,
    /// Asynchronous engines: more than 0 turns `ssl-mode-async` on.
    pub num_async: Option<Count>,
    /// Whether TLS keys can be logged.
    #[shape(default = false)]
    pub keylog: bool,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// OpenSSL providers.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct SslProviders {
    /// Providers that are loaded (`ssl-provider`).
    #[shape(default)]
    pub loaded: Vec<Line>,
    /// The property query that algorithms are fetched with (`ssl-propquery`).
    #[shape(default)]
    pub default_properties: Nullable<Line>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Files that are loaded beside a certificate.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct LoadExtraFiles {
    /// Kinds of files (`ssl-load-extra-files`): `none`, `all`, `bundle`, `sctl`, `ocsp`, `issuer`, `key`.
    #[shape(default)]
    pub extra_files: Vec<Line>,
    /// Whether the certificate's own suffix is dropped before another is added (`ssl-load-extra-del-ext`).
    #[shape(default = false)]
    pub delete_extensions: bool,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Severities of syslog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum SyslogLevel {
    /// The system is unusable.
    Emerg,
    /// Act at once.
    Alert,
    /// Critical.
    Crit,
    /// Error.
    Err,
    /// Warning.
    Warning,
    /// Normal but significant.
    Notice,
    /// Informational.
    Info,
    /// For debugging.
    Debug,
}

/// A Lua file that is loaded.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct LuaPlugin {
    /// What it is called.
    pub name: Line,
    /// Where it is.
    pub path: Line,
    /// The directory that its `require` searches first.
    pub prepend_path: Option<Line>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// QUIC of the whole process (`tune.quic.*`; most of it needs a recent HAProxy built with QUIC).
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct GlobalQuic {
    /// Whether QUIC binds listen at all.
    pub listen: Option<bool>,
    /// Most memory for data that waits to be sent.
    pub mem_tx_max: Option<Size>,
    /// Whether data is forwarded without copying.
    pub zero_copy_fwd_send: Option<bool>,
    /// Towards clients.
    #[shape(default)]
    pub fe: QuicFrontend,
    /// Towards servers.
    #[shape(default)]
    pub be: QuicBackend,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// QUIC towards clients.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct QuicFrontend {
    /// Longest silence of a connection.
    pub max_idle_timeout: Option<Dur>,
    /// Losses before CUBIC reacts.
    pub cc_cubic_min_losses: Option<Count>,
    /// Whether HyStart++ is used.
    pub cc_hystart: Option<bool>,
    /// Losses of one frame before the connection is closed.
    pub cc_max_frame_loss: Option<Count>,
    /// Largest congestion window.
    pub cc_max_win_size: Option<Size>,
    /// Per cent of reordering that is tolerated.
    pub cc_reorder_ratio: Option<Int<0, 100>>,
    /// Glitches before a connection is closed.
    pub sec_glitches_threshold: Option<Count>,
    /// Per cent of a stream's data that may be ahead.
    pub stream_data_ratio: Option<Int<1, 100>>,
    /// Most streams at once.
    pub stream_max_concurrent: Option<Count>,
    /// Bytes of a stream's receive buffer.
    pub stream_rxbuf: Option<Size>,
    /// Whether sending is paced.
    pub tx_pacing: Option<bool>,
    /// Whether UDP segmentation is left to the kernel.
    pub tx_udp_gso: Option<bool>,
    /// One socket per connection.
    pub sock_per_conn: Option<Int<1, 2_147_483_647>>,
    /// Half-open connections before addresses are verified.
    pub sec_retry_threshold: Option<Count>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// QUIC towards servers.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct QuicBackend {
    /// Longest silence of a connection.
    pub max_idle_timeout: Option<Dur>,
    /// Losses before CUBIC reacts.
    pub cc_cubic_min_losses: Option<Count>,
    /// Whether HyStart++ is used.
    pub cc_hystart: Option<bool>,
    /// Losses of one frame before the connection is closed.
    pub cc_max_frame_loss: Option<Count>,
    /// Largest congestion window.
    pub cc_max_win_size: Option<Size>,
    /// Per cent of reordering that is tolerated.
    pub cc_reorder_ratio: Option<Int<0, 100>>,
    /// Glitches before a connection is closed.
    pub sec_glitches_threshold: Option<Count>,
    /// Per cent of a stream's data that may be ahead.
    pub stream_data_ratio: Option<Int<1, 100>>,
    /// Most streams at once.
    pub stream_max_concurrent: Option<Count>,
    /// Bytes of a stream's receive buffer.
    pub stream_rxbuf: Option<Size>,
    /// Whether sending is paced.
    pub tx_pacing: Option<bool>,
    /// Whether UDP segmentation is left to the kernel.
    pub tx_udp_gso: Option<bool>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}
