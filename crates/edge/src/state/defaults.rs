//! `defaults` and `http-errors` sections: what proxies inherit.

use shape::{Extra, Int, Map, Shape};

use super::common::{
    Description, Dur, ErrorCode, Free, Id, InitAddr, Line, Mode, Page, Reference, SecName, StatusCode,
};

/// A `defaults` section (configuration manual section 4).
#[derive(Clone, Debug, PartialEq, Shape)]
#[shape(check = DefaultsBlock::check)]
pub struct DefaultsBlock {
    /// Its identifier.
    pub id: Id,
    /// The name of the section.
    pub name: SecName,
    /// For people.
    pub description: Option<Description>,
    /// Which protocol (`mode`).
    #[shape(default = Mode::Http)]
    pub mode: Mode,
    /// How long to wait for what (`timeout`).
    #[shape(default)]
    pub timeouts: Timeouts,
    /// Options (`option X`), each with its arguments.
    #[shape(default = standard_options())]
    pub options: Vec<Line>,
    /// How often a connection to a server is tried again (`retries`).
    #[shape(default = Int::lit(3))]
    pub retries: Int<0, 10>,
    /// Files that are answered instead of an error (`errorfile`), by status code. The path
    /// `/etc/haproxy/errors/tpl/<code>.http`, which is the default, stands for HAProxy's own page: no such file
    /// is ever read, so that a machine without these files does not answer with empty pages.
    #[shape(default = standard_error_files())]
    pub error_files: Map<ErrorCode, Line>,
    /// Whole HTTP responses, status line and header included, that take the place of `errorFiles`.
    #[shape(default)]
    pub error_page_contents: Map<StatusCode, Page>,
    /// HTML bodies in which log-format variables are replaced; they take the place of `httpErrors`.
    #[shape(default)]
    pub lf_file_contents: Map<StatusCode, Page>,
    /// Answers instead of errors (`http-error`).
    #[shape(default)]
    pub http_errors: Vec<HttpError>,
    /// The `http-errors` section whose files are used (`errorfiles`).
    #[shape(default)]
    pub use_error_files_id: Reference,
    /// What every server inherits (`default-server`).
    #[shape(default)]
    pub default_server: DefaultServer,
    /// Whether successful requests stay out of the log (`option dontlog-normal`).
    #[shape(default = false)]
    pub dontlog_normal: bool,
    /// Further lines of the section, one directive each.
    #[shape(default)]
    pub advanced_directives: Vec<Free>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

impl DefaultsBlock {
    fn check(&self, r: &mut shape::Reader) {
        for (index, error) in self.http_errors.iter().enumerate() {
            if error.lf_file.is_some() == error.lf_string.is_some() {
                r.enter("httpErrors");
                r.at(index, |r| r.custom("exactly one of lfFile and lfString must be given"));
                r.leave();
            }
        }
    }
}

fn standard_options() -> Vec<Line> {
    ["http-keep-alive", "http-server-close", "dontlognull", "httplog", "redispatch", "tcpka"]
        .into_iter()
        .map(Line::lit)
        .collect()
}

fn standard_error_files() -> Map<ErrorCode, Line> {
    /// The paths as the original document spells them; see the field.
    macro_rules! pages {
        ($($code:literal)*) => {
            [$((ErrorCode::lit($code), Line::lit(concat!("/etc/haproxy/errors/tpl/", $code, ".http")))),*]
        };
    }
    pages!("200" "400" "401" "403" "404" "405" "407" "408" "410" "413" "421" "422" "425" "429" "500" "501" "502" "503" "504")
        .into_iter()
        .collect()
}

/// How long to wait for what (`timeout`).
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Timeouts {
    /// For the whole header of a request.
    #[shape(default = Dur::lit("60s"))]
    pub http_request: Dur,
    /// In the queue for a server.
    #[shape(default = Dur::lit("1m"))]
    pub queue: Dur,
    /// For a connection to a server.
    #[shape(default = Dur::lit("30s"))]
    pub connect: Dur,
    /// For the client to send or take data.
    #[shape(default = Dur::lit("1m"))]
    pub client: Dur,
    /// For the server to send or take data.
    #[shape(default = Dur::lit("1m"))]
    pub server: Dur,
    /// For the next request on a connection.
    #[shape(default = Dur::lit("30s"))]
    pub http_keep_alive: Dur,
    /// For the answer to a health check.
    #[shape(default = Dur::lit("10s"))]
    pub check: Dur,
    /// For a client that half-closed its connection.
    #[shape(default = Dur::lit("30s"))]
    pub client_fin: Dur,
    /// For silence in a tunnel.
    #[shape(default = Dur::lit("1h"))]
    pub tunnel: Dur,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// An answer instead of an error (`http-error`); exactly one of `lfFile` and `lfString`.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct HttpError {
    /// The status code that it answers.
    pub status: Int<100, 599>,
    /// The type of the body.
    pub content_type: Option<Line>,
    /// The file of the body; log-format variables in it are replaced.
    pub lf_file: Option<Line>,
    /// The body; log-format variables in it are replaced.
    pub lf_string: Option<Line>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// What every server inherits (`default-server`).
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct DefaultServer {
    /// Where addresses come from at start.
    #[shape(default = vec![InitAddr::Last, InitAddr::Libc, InitAddr::None])]
    pub init_addr: Vec<InitAddr>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// An `http-errors` section: error files under a name.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct HttpErrorsSection {
    /// Its identifier.
    pub id: Id,
    /// The name of the section.
    pub name: SecName,
    /// Files by status code; the canonical default paths stand for HAProxy's own pages, as in defaults blocks.
    #[shape(default)]
    pub error_files: Map<ErrorCode, Line>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}
