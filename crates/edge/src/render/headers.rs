//! Headers that frontends add to responses: CORS and HSTS.
//!
//! They are added after all response rules, so that error pages and answers of HAProxy itself carry them too.

use super::values::literal_format;
use super::writer::Out;
use crate::state::frontend::{Cors, HttpOpts};

pub(super) fn render(out: &mut Out, opts: &HttpOpts) {
    if opts.cors.enabled {
        out.at("cors", |out| cors(out, &opts.cors));
    }
    if opts.hsts.enabled {
        let hsts = &opts.hsts;
        let mut value = format!("max-age={}", hsts.max_age);
        if hsts.include_subdomains {
            value.push_str("; includeSubDomains");
        }
        if hsts.preload {
            value.push_str("; preload");
        }
        // Browsers ignore the header over plain HTTP, and the standard forbids sending it there (RFC 6797, 7.2).
        out.at("hsts", |out| {
            out.line("http-after-response")
                .key("set-header Strict-Transport-Security")
                .arg(&value)
                .key("if { ssl_fc }");
        });
    }
}

fn cors(out: &mut Out, cors: &Cors) {
    let given = |value: &Option<crate::state::common::Free>| {
        value.as_ref().filter(|v| !v.trim().is_empty()).map(|v| v.to_string())
    };
    let set = |out: &mut Out, header: &'static str, value: &str| {
        out.line("http-after-response").key("set-header").key(header).format(&literal_format(value));
    };
    if let Some(value) = given(&cors.frame_ancestors) {
        set(out, "Content-Security-Policy", &format!("frame-ancestors {value}"));
    }
    let Some(origins) = given(&cors.allow_origin) else { return };
    let origins: Vec<&str> = origins.split([',', ' ']).filter(|origin| !origin.is_empty()).collect();
    out.enter("allowOrigin");
    match origins.as_slice() {
        // The header takes one origin only; several are matched against the request's and the one that fits is sent.
        [_, _, ..] => {
            for origins in origins.chunks(40) {
                let mut line = out.line("acl");
                line.key("_origin req.hdr(origin) -m str --");
                for origin in origins {
                    line.arg(origin);
                }
            }
            out.line("http-request").key("set-var(txn.plenum_origin) req.hdr(origin) if _origin");
            let after = "set-header Access-Control-Allow-Origin %[var(txn.plenum_origin)] if { var(txn.plenum_origin) -m found }";
            out.line("http-after-response").key(after);
            out.line("http-after-response").key("add-header Vary Origin");
        }
        [only] => set(out, "Access-Control-Allow-Origin", only),
        [] => {}
    }
    out.leave();
    for (header, value) in [
        ("Access-Control-Allow-Headers", given(&cors.allow_headers)),
        ("Access-Control-Allow-Methods", given(&cors.allow_methods)),
        ("Access-Control-Expose-Headers", given(&cors.expose_headers)),
    ] {
        if let Some(value) = value {
            set(out, header, &value);
        }
    }
    if cors.allow_credentials {
        set(out, "Access-Control-Allow-Credentials", "true");
    }
    if let Some(seconds) = cors.max_age {
        set(out, "Access-Control-Max-Age", &seconds.to_string());
    }
    // A preflight request is answered here; the headers above are added to the answer.
    out.line("http-request").key(
        "return status 204 if { method OPTIONS } { req.hdr(origin) -m found } { req.hdr(access-control-request-method) -m found }",
    );
}
