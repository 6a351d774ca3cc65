//! Frontends: what is listened on, and what happens to what comes in.

use shape::{Extra, Int, List, Map, Nullable, Positive, Secret, Shape, Text};

use super::bind::Bind;
use super::common::{Description, Dur, ErrorCode, Free, Id, Line, Mode, Reference, SecName};
use super::rules::RulePhases;

/// A `frontend` section (configuration manual section 4).
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Frontend {
    /// Its identifier.
    pub id: Id,
    /// The name of the section.
    pub name: SecName,
    /// For people; not rendered.
    pub description: Option<Description>,
    /// Whether it is rendered at all.
    #[shape(default = true)]
    pub enabled: bool,
    /// Which protocol (`mode`).
    #[shape(default = Mode::Http)]
    pub mode: Mode,
    /// Most concurrent connections (`maxconn`).
    pub maxconn: Option<Positive>,
    /// Where it listens.
    pub binds: List<Bind, 1>,
    /// The defaults block that it inherits from.
    pub from_defaults: Id,
    /// What matters in HTTP mode.
    #[shape(default)]
    pub http_opts: HttpOpts,
    /// What matters in TCP mode; `inspectDelay` in both.
    #[shape(default)]
    pub tcp_opts: TcpOpts,
    /// The statistics page and the Prometheus exporter (HTTP mode).
    #[shape(default)]
    pub stats: Stats,
    /// The `http-errors` section whose files are used.
    #[shape(default)]
    pub use_error_files_id: Reference,
    /// Rules, by the phase in which they are evaluated.
    #[shape(default)]
    pub rule_phases: RulePhases,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// What matters in HTTP mode.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct HttpOpts {
    /// Where requests go that no rule sends elsewhere (`default_backend`).
    #[shape(default)]
    pub default_backend_id: Reference,
    /// The header that keeps browsers on HTTPS; sent over TLS only.
    #[shape(default)]
    pub hsts: Hsts,
    /// Headers for requests from other origins; preflight requests are answered here.
    #[shape(default)]
    pub cors: Cors,
    /// Compression of responses (`compression`).
    #[shape(default)]
    pub compression: Compression,
    /// Request headers that are kept for the log (`capture request header`).
    #[shape(default)]
    pub capture_request_headers: Vec<CaptureHeader>,
    /// Response headers that are kept for the log (`capture response header`); they take the first capture slots.
    #[shape(default)]
    pub capture_response_headers: Vec<CaptureHeader>,
    /// A cookie that is kept for the log (`capture cookie`).
    #[shape(default)]
    pub capture_cookie: CaptureCookie,
    /// Most new sessions per second (`rate-limit sessions`).
    pub rate_limit_sessions: Option<Positive>,
    /// The path that monitors ask (`monitor-uri`).
    pub monitor_uri: Option<Line>,
    /// When monitors are told that all is not well (`monitor fail if`).
    pub monitor_fail: Option<Line>,
    /// The `http-errors` section whose files are used.
    #[shape(default)]
    pub use_error_files_id: Reference,
    /// Files that are answered instead of an error (`errorfile`), by status code.
    #[shape(default)]
    pub error_files: Map<ErrorCode, Line>,
    /// For the client to send or take data (`timeout client`).
    pub timeout_client: Option<Dur>,
    /// For the whole header of a request (`timeout http-request`).
    pub timeout_http_request: Option<Dur>,
    /// For the next request on a connection (`timeout http-keep-alive`).
    pub timeout_http_keep_alive: Option<Dur>,
    /// For a client that half-closed its connection (`timeout client-fin`).
    pub timeout_client_fin: Option<Dur>,
    /// Whether the log format of the defaults block stays; `false` falls back to one short line.
    #[shape(default = true)]
    pub http_log: bool,
    /// Whether connections without a request stay out of the log (`option dontlognull`).
    #[shape(default = false)]
    pub dontlog_null: bool,
    /// Whether successful requests stay out of the log (`option dontlog-normal`).
    #[shape(default = false)]
    pub dontlog_normal: bool,
    /// Whether errors are logged with a higher severity (`option log-separate-errors`).
    #[shape(default = false)]
    pub log_separate_errors: bool,
    /// The tag of its log lines (`log-tag`).
    pub log_tag: Option<Line>,
    /// Its own log format (`log-format`).
    pub custom_log_format: Option<Line>,
    /// Whether servers are told the client's address (`option forwardfor`).
    #[shape(default)]
    pub forward_for: ForwardFor,
    /// Whether connections are kept for further requests; `false` gives `no option http-keep-alive`.
    #[shape(default = true)]
    pub option_http_keep_alive: bool,
    /// `option http-server-close`.
    #[shape(default = false)]
    pub option_http_server_close: bool,
    /// HAProxy removed this option in 2.1; `true` is an issue.
    #[shape(default = false)]
    pub option_http_tunnel: bool,
    /// `option http-ignore-probes`.
    #[shape(default = false)]
    pub option_http_ignore_probes: bool,
    /// `option http-buffer-request`.
    #[shape(default = false)]
    pub option_http_buffer_request: bool,
    /// HAProxy removed this option in 2.1; `true` is an issue.
    #[shape(default = false)]
    pub option_http_proxy: bool,
    /// `option logasap`.
    #[shape(default = false)]
    pub option_logasap: bool,
    /// `option contstats`.
    #[shape(default = false)]
    pub option_contstats: bool,
    /// `option http-pretend-keepalive`.
    #[shape(default = false)]
    pub option_http_pretend_keepalive: bool,
    /// `option http-no-delay`.
    #[shape(default = false)]
    pub option_http_no_delay: bool,
    /// `option srvtcpka`.
    #[shape(default = false)]
    pub option_srv_tcp_ka: bool,
    /// `option clitcpka`.
    #[shape(default = false)]
    pub option_cli_tcp_ka: bool,
    /// HTX is always used; kept for old documents.
    #[shape(default = true)]
    pub option_http_use_htx: bool,
    /// What becomes of headers with odd names (`option http-restrict-req-hdr-names`).
    pub restrict_req_hdr_names: Option<RestrictNames>,
    /// How URIs are normalised before the rules (`http-request normalize-uri`), one method each.
    #[shape(default)]
    pub normalize_uri: Vec<Line>,
    /// Whether a rule that fails ends the request (`http-request strict-mode`).
    pub strict_mode: Option<bool>,
    /// Whether servers are told the address that the client asked (`option originalto`).
    pub option_originalto: Option<OriginalTo>,
    /// HTTP/2. HAProxy has these for the whole process only: two frontends that differ are an issue.
    #[shape(default)]
    pub h2: H2,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// `Strict-Transport-Security`.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Hsts {
    /// Whether it is sent.
    #[shape(default = false)]
    pub enabled: bool,
    /// For how many seconds it holds.
    #[shape(default = Int::lit(16_000_000))]
    pub max_age: Int<0, 9_007_199_254_740_991>,
    /// Whether it holds for all names below.
    #[shape(default = true)]
    pub include_subdomains: bool,
    /// Whether browsers may ship it.
    #[shape(default = false)]
    pub preload: bool,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Headers for requests from other origins.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Cors {
    /// Whether they are sent.
    #[shape(default = false)]
    pub enabled: bool,
    /// Who may embed pages (`Content-Security-Policy: frame-ancestors`).
    #[shape(default)]
    pub frame_ancestors: Nullable<Free>,
    /// The origins that are allowed: `*`, one, or several with spaces or commas.
    #[shape(default)]
    pub allow_origin: Nullable<Free>,
    /// The request headers that are allowed.
    #[shape(default)]
    pub allow_headers: Nullable<Free>,
    /// The methods that are allowed.
    #[shape(default)]
    pub allow_methods: Nullable<Free>,
    /// The response headers that scripts may read.
    #[shape(default)]
    pub expose_headers: Nullable<Free>,
    /// Whether cookies may be sent.
    #[shape(default = false)]
    pub allow_credentials: bool,
    /// For how many seconds the answer to a preflight request holds.
    pub max_age: Option<Int<0, 9_007_199_254_740_991>>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Compression of responses.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Compression {
    /// Whether responses are compressed.
    #[shape(default = false)]
    pub enabled: bool,
    /// How.
    #[shape(default = CompressionAlgorithm::Gzip)]
    pub algorithm: CompressionAlgorithm,
    /// Which content types.
    #[shape(default = standard_types())]
    pub types: Vec<Line>,
    /// Whether servers are kept from compressing themselves.
    #[shape(default = true)]
    pub offload: bool,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

fn standard_types() -> Vec<Line> {
    [
        "text/html",
        "text/css",
        "text/plain",
        "text/xml",
        "application/json",
        "application/javascript",
        "application/xml",
        "image/svg+xml",
    ]
    .into_iter()
    .map(Line::lit)
    .collect()
}

/// Compression algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum CompressionAlgorithm {
    /// gzip.
    Gzip,
    /// deflate with a zlib header.
    Deflate,
    /// deflate without.
    RawDeflate,
}

/// A header that is kept for the log.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct CaptureHeader {
    /// Its name.
    pub header: Text<1, 64>,
    /// Most bytes that are kept.
    #[shape(default = Int::lit(256))]
    pub max_len: Int<8, 2048>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A cookie that is kept for the log.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct CaptureCookie {
    /// Whether it is kept.
    #[shape(default = false)]
    pub enabled: bool,
    /// Its name; needed when enabled.
    pub name: Option<Line>,
    /// Most bytes that are kept.
    #[shape(default = Int::lit(256))]
    pub max_len: Int<8, 2048>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Whether servers are told the client's address.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct ForwardFor {
    /// Whether they are.
    #[shape(default = false)]
    pub enabled: bool,
    /// In which header; `X-Forwarded-For` when absent.
    pub header: Option<Line>,
    /// Not for clients of this network.
    pub except: Option<Line>,
    /// Whether a header that came with the request is left alone.
    #[shape(default = false)]
    pub if_none: bool,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Whether servers are told the address that the client asked.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct OriginalTo {
    /// Whether they are.
    #[shape(default = false)]
    pub enabled: bool,
    /// In which header; `X-Original-To` when absent.
    pub header: Option<Line>,
    /// Not for requests to this network.
    pub except: Option<Line>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// What becomes of headers with odd names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum RestrictNames {
    /// They stay.
    Preserve,
    /// They are removed.
    Delete,
    /// The request is refused.
    Reject,
}

/// HTTP/2 (`tune.h2.*`).
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct H2 {
    /// Most streams at once.
    pub max_concurrent_streams: Option<Positive>,
    /// HAProxy has no such setting; giving it is an issue.
    pub max_header_list_size: Option<Positive>,
    /// Bytes that a client may send ahead.
    pub initial_window_size: Option<Positive>,
    /// Resets that are accepted at once.
    pub max_rst_at_once: Option<Positive>,
    /// Glitches before a connection is closed.
    pub glitches_threshold: Option<Positive>,
    /// Streams before a connection is closed.
    pub max_total_streams: Option<Positive>,
    /// Bytes of the table of headers.
    pub header_table_size: Option<Positive>,
    /// Bytes of the largest frame.
    pub max_frame_size: Option<Positive>,
    /// Whether errors are logged.
    pub log_errors: Option<bool>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// What matters in TCP mode.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct TcpOpts {
    /// Where connections go that no rule sends elsewhere (`default_backend`).
    #[shape(default)]
    pub default_backend_id: Reference,
    /// Whether connections are logged in detail (`option tcplog`).
    #[shape(default = true)]
    pub tcp_log: bool,
    /// For the client to send or take data (`timeout client`).
    pub timeout_client: Option<Dur>,
    /// How long rules on contents may wait for data (`tcp-request inspect-delay`).
    pub inspect_delay: Option<Dur>,
    /// Routing by the name in the TLS handshake.
    #[shape(default)]
    pub sni_router: SniRouter,
    /// Counters of every connection (`tcp-request connection track-sc0`).
    pub track_sc0: Option<TrackSc0>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Routing by the name in the TLS handshake, without decrypting.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct SniRouter {
    /// Whether names are routed.
    #[shape(default = false)]
    pub enabled: bool,
    /// The first pattern that fits decides.
    #[shape(default)]
    pub sni_map: Vec<SniRoute>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Where a name goes.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct SniRoute {
    /// A name, or `*.` and a domain for all names below it.
    pub sni_pattern: Line,
    /// The backend.
    pub backend_id: Id,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Counters of every connection.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct TrackSc0 {
    /// The table, by the name of the proxy that holds it.
    pub table_name: Line,
    /// The sample that is counted by.
    pub key: Line,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// The statistics page and the Prometheus exporter.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Stats {
    /// Whether the page is served (`stats enable`).
    #[shape(default = false)]
    pub enabled: bool,
    /// Its path (`stats uri`).
    #[shape(default = Free::lit("/"))]
    pub uri: Free,
    /// What the browser's question for a password shows (`stats realm`).
    #[shape(default = Free::lit("HAProxy Statistics"))]
    pub realm: Free,
    /// After how many seconds the page reloads itself (`stats refresh`).
    pub refresh: Option<Positive>,
    /// Who may act on the page (`stats admin if`).
    #[shape(default)]
    pub admin_acl_expression: Nullable<Line>,
    /// Whether it explains itself (`stats show-legends`).
    #[shape(default = true)]
    pub show_legends: bool,
    /// Whether it shows statistics of modules (`stats show-modules`).
    #[shape(default = false)]
    pub show_modules: bool,
    /// The node name that it shows (`stats show-node`).
    pub show_nodename: Option<Line>,
    /// The description that it shows (`stats show-desc`).
    pub show_description: Option<Line>,
    /// Who may read it (`stats auth`).
    #[shape(default)]
    pub auth: Vec<StatsUser>,
    /// Whether metrics are served.
    #[shape(default = false)]
    pub prometheus_exporter: bool,
    /// Their path.
    #[shape(default = Free::lit("/metrics"))]
    pub prometheus_path: Free,
    /// Whether they include the counters of modules (HAProxy 3.0 and later).
    #[shape(default = false)]
    pub prometheus_extra_counters: bool,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Who may read the statistics page.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct StatsUser {
    /// The name; no colon.
    #[shape(key)]
    pub username: Line,
    /// The password.
    pub password: Secret,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}
