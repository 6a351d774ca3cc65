//! `defaults` and `http-errors` sections, user lists, and the files of error pages.
//!
//! HAProxy has built-in pages for all codes. The schema's default names a file for each code in a directory that few
//! machines have; read as given, these would stop HAProxy, and created empty, they would make every error an empty
//! response. So such a path stands for the built-in page and is not written. Any other path is.

use std::collections::BTreeMap;

use super::context::{Context, Needs};
use super::writer::Out;
use super::{File, options, values};
use crate::state::auth::AuthProvider;
use crate::state::common::{ERROR_CODES, ErrorCode, InitAddr, Line, Mode, Page, StatusCode};
use crate::state::defaults::{DefaultsBlock, HttpErrorsSection};

/// The type of a page when the document does not say.
const HTML: &str = "text/html; charset=utf-8";

/// The fields of a JSON log line and their log-format items; texts are escaped.
const JSON_FIELDS: [(&str, &str); 26] = [
    ("ts", "\"%[date,http_date]\""),
    ("client_ip", "\"%ci\""),
    ("client_port", "%cp"),
    ("frontend", "\"%f\""),
    ("backend", "\"%b\""),
    ("server", "\"%s\""),
    ("method", "\"%HM\""),
    ("uri", "\"%[capture.req.uri,json(utf8s)]\""),
    ("http_version", "\"%HV\""),
    ("status", "%ST"),
    ("bytes_read", "%B"),
    ("req_time_ms", "%TR"),
    ("queue_time_ms", "%Tw"),
    ("connect_time_ms", "%Tc"),
    ("response_time_ms", "%Tr"),
    ("total_time_ms", "%Ta"),
    ("termination", "\"%tsc\""),
    ("actconn", "%ac"),
    ("feconn", "%fc"),
    ("beconn", "%bc"),
    ("srvconn", "%sc"),
    ("retries", "\"%rc\""),
    ("srv_queue", "%sq"),
    ("backend_queue", "%bq"),
    ("unique_id", "\"%ID\""),
    ("user_agent", "\"%[capture.req.hdr(0),json(utf8s)]\""),
];

pub(super) fn http_errors(out: &mut Out, cx: &Context<'_>) {
    out.enter("haproxy");
    out.enter("httpErrorsSections");
    for (index, section) in cx.document.haproxy.http_errors_sections.iter().enumerate() {
        out.at(index, |out| http_errors_section(out, section));
    }
    out.leave();
    out.leave();
}

fn http_errors_section(out: &mut Out, section: &HttpErrorsSection) {
    out.section("http-errors").arg(&section.name);
    error_files(out, section.error_files.iter());
}

/// The user lists of basic auth providers that rules apply.
pub(super) fn userlists(out: &mut Out, cx: &Context<'_>, needs: &Needs<'_>) {
    out.enter("authProviders");
    for &index in needs.userlists.values() {
        let Some(AuthProvider::Basic(provider)) = cx.document.auth_providers.get(index) else { continue };
        out.enter(index);
        out.section("userlist").glued(&["auth_", &provider.id]);
        out.enter("config");
        out.enter("users");
        for (index, user) in provider.config.users.iter().enumerate() {
            out.enter(index);
            if provider.config.users.iter().take(index).any(|earlier| earlier.username == user.username) {
                out.issue_at("username", format!("there is another user \"{}\"", user.username));
            }
            if user.username.contains(':') {
                out.issue_at("username", "must not hold a colon, which ends a user name");
            }
            if !is_crypt(&user.password_hash_ref) {
                out.issue_at(
                    "passwordHashRef",
                    "must be a password hash of crypt(3), such as `openssl passwd -6` makes; nothing else can be checked",
                );
            }
            out.line("user").arg(&user.username).key("password").arg(&user.password_hash_ref);
            out.leave();
        }
        out.leave();
        out.leave();
        out.leave();
    }
    out.leave();
}

/// Whether a text is a hash that crypt(3) can check: `$id$…$…`.
fn is_crypt(text: &str) -> bool {
    let mut parts = text.split('$');
    parts.next() == Some("")
        && parts.next().is_some_and(|id| matches!(id, "1" | "5" | "6" | "y" | "2a" | "2b" | "2y" | "gy" | "7"))
        && parts.next().is_some_and(|salt| !salt.is_empty())
        && parts.next().is_some_and(|hash| !hash.is_empty())
        && !text.contains(char::is_whitespace)
}

pub(super) fn render(out: &mut Out, cx: &Context<'_>, files: &mut BTreeMap<String, File>) {
    out.enter("haproxy");
    out.enter("defaultsBlocks");
    for (index, block) in cx.document.haproxy.defaults_blocks.iter().enumerate() {
        out.at(index, |out| defaults_block(out, cx, block, files));
    }
    out.leave();
    out.leave();
}

fn defaults_block(out: &mut Out, cx: &Context<'_>, block: &DefaultsBlock, files: &mut BTreeMap<String, File>) {
    let settings = &cx.document.haproxy.global_settings;
    out.section("defaults").arg(&block.name);
    out.line("log").key("global");
    if !block.default_server.init_addr.is_empty() {
        out.enter("defaultServer");
        let mut line = out.line("default-server");
        line.under("initAddr", |line| init_addr(line, &block.default_server.init_addr));
        drop(line);
        out.leave();
    }
    out.line("mode").key(mode(block.mode));
    out.line("retries").num(block.retries.get());
    timeouts(out, block);
    options::render(out, cx, &block.options, |name| match name {
        // What needs HTTP would only be warned about.
        "httplog" => !settings.json_log_format && block.mode == Mode::Http,
        "http-keep-alive" | "http-server-close" => block.mode == Mode::Http,
        "dontlog-normal" => !block.dontlog_normal,
        _ => true,
    });
    if block.dontlog_normal {
        out.line("option").key("dontlog-normal");
    }
    if block.mode == Mode::Http {
        unique_id(out, cx);
        if settings.json_log_format {
            out.line("log-format").arg(&json_log_format());
        }
    } else if block.options.iter().any(|option| option == "httplog") {
        out.line("option").key("tcplog");
    }
    pages(out, cx, block, files);
    if let Some(name) = block.use_error_files_id.as_deref().and_then(|id| cx.error_section(id)) {
        out.at("useErrorFilesId", |out| {
            out.line("errorfiles").arg(name);
        });
    }
    out.enter("advancedDirectives");
    for (index, directive) in block.advanced_directives.iter().enumerate() {
        out.at(index, |out| out.directive(directive, &[]));
    }
    out.leave();
}

pub(super) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Http => "http",
        Mode::Tcp => "tcp",
    }
}

/// Writes `init-addr` and its methods.
pub(super) fn init_addr(line: &mut super::writer::Line<'_>, methods: &[InitAddr]) {
    if methods.contains(&InitAddr::Ip) {
        line.issue("\"ip\" is no method of HAProxy's; a literal address needs none");
    }
    let methods: Vec<&str> = methods
        .iter()
        .map(|method| match method {
            InitAddr::Last => "last",
            InitAddr::Libc => "libc",
            InitAddr::None => "none",
            InitAddr::Ip => "ip",
        })
        .collect();
    line.key("init-addr").arg(&methods.join(","));
}

fn timeouts(out: &mut Out, block: &DefaultsBlock) {
    let t = &block.timeouts;
    out.enter("timeouts");
    for (key, keyword, duration) in [
        ("httpRequest", "timeout http-request", &t.http_request),
        ("queue", "timeout queue", &t.queue),
        ("connect", "timeout connect", &t.connect),
        ("client", "timeout client", &t.client),
        ("server", "timeout server", &t.server),
        ("httpKeepAlive", "timeout http-keep-alive", &t.http_keep_alive),
        ("check", "timeout check", &t.check),
        ("clientFin", "timeout client-fin", &t.client_fin),
        ("tunnel", "timeout tunnel", &t.tunnel),
    ] {
        out.at(key, |out| {
            out.line(keyword).duration(duration);
        });
    }
    out.leave();
}

/// The unique id of requests. It belongs to the global settings, but HAProxy has it in defaults sections.
fn unique_id(out: &mut Out, cx: &Context<'_>) {
    let settings = &cx.document.haproxy.global_settings;
    let format = values::unescape_format(&settings.unique_id_format);
    if !format.is_empty() {
        out.line("unique-id-format").format(&format);
        if let Some(header) = &*settings.unique_id_header {
            out.line("unique-id-header").arg(header);
        }
    }
}

fn json_log_format() -> String {
    let mut format = String::from("{");
    for (index, (name, item)) in JSON_FIELDS.iter().enumerate() {
        if index > 0 {
            format.push(',');
        }
        format.push('"');
        format.push_str(name);
        format.push_str("\":");
        format.push_str(item);
    }
    format.push('}');
    format
}

/// Whether a path is the schema's default for a code, which stands for HAProxy's own page.
fn is_built_in(code: &str, path: &str) -> bool {
    path.strip_prefix("/etc/haproxy/errors/tpl/").and_then(|name| name.strip_suffix(".http")) == Some(code)
}

/// `errorfile` lines.
pub(super) fn error_files<'d>(out: &mut Out, files: impl Iterator<Item = (&'d ErrorCode, &'d Line)>) {
    out.enter("errorFiles");
    for (code, path) in files.filter(|(code, path)| !is_built_in(code, path)) {
        out.at(code.to_string(), |out| {
            out.line("errorfile").arg(code).arg(path);
        });
    }
    out.leave();
}

/// Everything about error pages in a defaults block: given files, pages that the document holds, log-format pages.
fn pages(out: &mut Out, cx: &Context<'_>, block: &DefaultsBlock, files: &mut BTreeMap<String, File>) {
    let held = |code: &str| block.error_page_contents.get(code).is_some_and(|page| !page.is_empty());
    error_files(out, block.error_files.iter().filter(|(code, _)| !held(code)));
    out.enter("errorPageContents");
    for (code, page) in block.error_page_contents.iter().filter(|(_, page)| !page.is_empty()) {
        out.enter(code.to_string());
        if has_page(out, code) {
            check_page(out, cx, code, page);
            let name = format!("errors/{}/{code}.http", block.id);
            out.line("errorfile").arg(code).arg(&name);
            files.insert(name, File { bytes: page.as_bytes().to_vec(), secret: false });
        }
        out.leave();
    }
    out.leave();
    out.enter("httpErrors");
    for (index, error) in block.http_errors.iter().enumerate() {
        let status = error.status.get().to_string();
        if block.lf_file_contents.get(&status).is_some_and(|page| !page.is_empty()) {
            continue;
        }
        out.enter(index);
        if has_page(out, &status) {
            let mut line = out.line("http-error");
            line.key("status").arg(&status).pair("content-type", Some(error.content_type.as_deref().unwrap_or(HTML)));
            line.pair("lf-file", error.lf_file.as_deref());
            if let Some(text) = &error.lf_string {
                line.key("lf-string").format(text);
            }
        }
        out.leave();
    }
    out.leave();
    out.enter("lfFileContents");
    for (code, page) in block.lf_file_contents.iter().filter(|(_, page)| !page.is_empty()) {
        out.enter(code.to_string());
        if has_page(out, code) {
            if let Some(fault) = values::format_fault(page) {
                out.issue(fault);
            }
            let name = format!("errors/{}/lf/{code}.html", block.id);
            out.line("http-error").key("status").arg(code).pair("content-type", Some(HTML)).key("lf-file").arg(&name);
            files.insert(name, File { bytes: page.as_bytes().to_vec(), secret: false });
        }
        out.leave();
    }
    out.leave();
}

/// Whether HAProxy has a page for a status code; an issue if not.
fn has_page(out: &mut Out, code: &str) -> bool {
    let known = code.parse().is_ok_and(|code: u16| ERROR_CODES.contains(&code));
    if !known {
        let codes = ERROR_CODES.map(|code| code.to_string()).join(", ");
        out.issue(format!("HAProxy has no page for status {code}; it has pages for {codes}"));
    }
    known
}

/// HAProxy sends such a page as it is, so it has to be a whole response that fits into a buffer.
fn check_page(out: &mut Out, cx: &Context<'_>, code: &StatusCode, page: &Page) {
    let room = cx.document.haproxy.global_settings.tune_bufsize.get() - 2048;
    if i64::try_from(page.len()).is_ok_and(|length| length > room) {
        out.issue(format!("is too large: with the present tuneBufsize a page can have {room} bytes"));
    }
    let mut lines = page.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let status = lines.next().unwrap_or_default();
    let mut words = status.split(' ');
    let version = words.next().unwrap_or_default();
    let number = words.next().unwrap_or_default();
    if !matches!(version, "HTTP/1.0" | "HTTP/1.1") || number.len() != 3 || number.parse::<u16>().is_err() {
        out.issue(format!("must be a whole response that begins with a status line such as \"HTTP/1.1 {code} Sorry\""));
        return;
    }
    let mut headers = lines.by_ref().take_while(|line| !line.is_empty());
    if let Some(line) = headers.find(|line| line.split_once(':').is_none_or(|(name, _)| !values::is_token(name))) {
        out.issue(format!("\"{line}\" is no header; an empty line ends the headers"));
    }
}
