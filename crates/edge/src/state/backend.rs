//! Backends and their servers.

use shape::{Extra, Int, List, Positive, Shape};

use super::common::{Dur, Free, Id, InitAddr, Line, Mode, ProxyName, ServerVerify, Size, SrvAddr};

/// A `backend` section (configuration manual section 4).
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Backend {
    /// Its identifier; other parts of the document refer to it.
    pub id: Id,
    /// The name of the section, of the characters that HAProxy allows there.
    pub name: ProxyName,
    /// Which protocol (`mode`).
    #[shape(default = Mode::Http)]
    pub mode: Mode,
    /// The defaults block that it inherits from. When absent: of the blocks with the same mode (of all blocks,
    /// if none has it) the one whose id comes first in the alphabet, so that the order of blocks means nothing.
    pub from_defaults: Option<Id>,
    /// How requests are spread over the servers (`balance`).
    #[shape(default = Balance::Random)]
    pub balance: Balance,
    /// The servers.
    pub servers: List<Server, 1>,
    /// Options (`option X`), each with its arguments.
    #[shape(default)]
    pub options: Vec<Line>,
    /// Which clients stay with which server.
    pub stick_table: Option<StickTable>,
    /// How long to wait for what, where it differs from the defaults (`timeout`).
    #[shape(default)]
    pub timeouts: BackendTimeouts,
    /// Which connections to servers are shared (`http-reuse`).
    pub http_reuse: Option<HttpReuse>,
    /// Whether servers are told the client's address (`option forwardfor`).
    #[shape(default = false)]
    pub forward_for: bool,
    /// How often a connection to a server is tried again (`retries`).
    pub retries: Option<Int<0, 10>>,
    /// Further lines of the section, one directive each.
    #[shape(default)]
    pub advanced_directives: Vec<Free>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// How requests are spread over servers (`balance`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum Balance {
    /// In turn, by weight.
    Roundrobin,
    /// In turn; weights cannot change at run time.
    StaticRr,
    /// To the one with the fewest connections.
    Leastconn,
    /// To the first with a free place.
    First,
    /// By the client's address.
    Source,
    /// By the path.
    Uri,
    /// By a parameter of the URL; its name goes into `advancedDirectives`.
    #[shape(rename = "url_param")]
    UrlParam,
    /// By a header.
    Hdr,
    /// To the better of two at random.
    Random,
}

/// Which connections to servers are shared (`http-reuse`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum HttpReuse {
    /// None.
    Never,
    /// Those that have proved to live.
    Safe,
    /// Also new ones.
    Aggressive,
    /// All.
    Always,
}

/// A stick table and what is stuck on (`stick-table`, `stick on`).
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct StickTable {
    /// The type of the key.
    #[shape(rename = "type")]
    pub kind: StickType,
    /// Most entries.
    pub size: Size,
    /// How long an entry lives without use.
    pub expire: Dur,
    /// The sample that clients are told apart by.
    pub stick_on: Line,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// The type of a stick table's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum StickType {
    /// IPv4 addresses.
    Ip,
    /// IPv6 addresses, and IPv4 ones mapped into them.
    Ipv6,
    /// Integers.
    Integer,
    /// Text, at most 32 characters.
    String,
    /// Bytes, at most 32.
    Binary,
}

/// How long to wait for what (`timeout`).
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct BackendTimeouts {
    /// For a connection to a server.
    pub connect: Option<Dur>,
    /// For the server to send or take data.
    pub server: Option<Dur>,
    /// In the queue for a server.
    pub queue: Option<Dur>,
    /// For silence in a tunnel.
    pub tunnel: Option<Dur>,
    /// For the answer to a health check.
    pub check: Option<Dur>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A member of a backend (`server`, configuration manual section 5.2).
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Server {
    /// Its name, unique in the backend.
    pub name: ProxyName,
    /// Where it listens.
    pub address: SrvAddr,
    /// Whether its health is checked.
    #[shape(default = true)]
    pub check: bool,
    /// Whether it speaks TLS.
    #[shape(default = false)]
    pub ssl: bool,
    /// Whether its certificate is checked (`verify`). When absent it is, against `caTrustedCaId` or else the
    /// authorities that the system trusts; `none` must be said.
    pub ssl_verify: Option<ServerVerify>,
    /// The authority that its certificate must come from.
    pub ca_trusted_ca_id: Option<Id>,
    /// The sample whose value is the name in the TLS handshake, such as `str(api.example.com)` or `req.hdr(host)`.
    pub sni: Option<Free>,
    /// The value of the cookie that sticks clients to it.
    pub cookie: Option<Free>,
    /// Its share of the requests; HAProxy's own default is 1.
    pub weight: Option<Int<0, 256>>,
    /// Whether it is used only when all others are down.
    #[shape(default = false)]
    pub backup: bool,
    /// Most concurrent connections to it.
    pub maxconn: Option<Positive>,
    /// Where its address comes from at start.
    pub init_addr: Option<Vec<InitAddr>>,
    /// Whether and how it is told the client's address (PROXY protocol).
    #[shape(default = SendProxy::None)]
    pub send_proxy: SendProxy,
    /// Further words of the server's line.
    #[shape(default)]
    pub advanced_directives: Vec<Free>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// The version of the PROXY protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum SendProxy {
    /// Not used.
    None,
    /// The text form.
    V1,
    /// The binary form.
    V2,
    /// With what is known of the client's TLS.
    V2Ssl,
    /// With the common name of the client's certificate too.
    V2SslCn,
}
