//! What an HAProxy was built with, from `haproxy -vv`.

use std::collections::BTreeSet;

/// The build options, services, filters and libraries of one HAProxy program.
///
/// The default value has nothing; [`Features::with`] adds to it where no program is at hand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features {
    /// Names of `Feature list` that are on (`+NAME`).
    pub options: BTreeSet<String>,
    /// `Available services`, such as `prometheus-exporter`.
    pub services: BTreeSet<String>,
    /// `Available filters`, by their configuration keyword, such as `compression` or `bwlim-in`.
    pub filters: BTreeSet<String>,
    /// Multiplexer protocols, such as `h2`, `fcgi`, `quic`.
    pub protocols: BTreeSet<String>,
    /// The TLS library that it runs on, such as `OpenSSL 3.0.19 27 Jan 2026`.
    pub openssl: Option<String>,
    /// The Lua version that it was built with, such as `5.3.6`.
    pub lua_version: Option<String>,
}

impl Features {
    /// Reads the output of `haproxy -vv`; lines that it does not know are passed over.
    pub fn parse(output: &str) -> Self {
        let mut features = Self::default();
        let mut section = Section::Other;
        for line in output.lines() {
            if let Some(list) = line.strip_prefix("Feature list :") {
                features
                    .options
                    .extend(list.split_whitespace().filter_map(|word| word.strip_prefix('+')).map(str::to_owned));
            } else if let Some(list) = line.strip_prefix("Available services :") {
                features.services.extend(list.split_whitespace().filter(|word| *word != "none").map(str::to_owned));
            } else if let Some(library) = line
                .strip_prefix("Running on OpenSSL version :")
                // As 3.2 calls it.
                .or_else(|| line.strip_prefix("Running on SSL library version :"))
            {
                features.openssl = Some(library.trim().to_owned());
            } else if let Some(version) = line.strip_prefix("Built with Lua version : Lua") {
                features.lua_version = Some(version.trim().to_owned());
            } else if line.starts_with("Available multiplexer protocols") {
                section = Section::Protocols;
            } else if line.starts_with("Available filters") {
                section = Section::Filters;
            } else if line.trim().is_empty() {
                section = Section::Other;
            } else {
                features.listed(section, line);
            }
        }
        features
    }

    fn listed(&mut self, section: Section, line: &str) {
        match section {
            Section::Protocols => {
                if let Some((name, rest)) = line.split_once(':')
                    && rest.contains("mode=")
                    && !name.contains('<')
                {
                    self.protocols.insert(name.trim().to_owned());
                }
            }
            Section::Filters => {
                if let Some((_, name)) = line.split_once(']') {
                    self.filters.insert(name.trim().to_owned());
                }
            }
            Section::Other => {}
        }
    }

    /// The same with one more build option, for callers that describe a program instead of asking it.
    #[must_use]
    pub fn with(mut self, option: &str) -> Self {
        self.options.insert(option.to_owned());
        self
    }

    /// Whether a build option of `Feature list` is on, such as `QUIC`.
    pub fn has(&self, option: &str) -> bool {
        self.options.contains(option)
    }

    /// Whether it can speak TLS.
    pub fn tls(&self) -> bool {
        self.has("OPENSSL") || self.has("SSL")
    }

    /// Whether it can listen for QUIC (HTTP/3).
    pub fn quic(&self) -> bool {
        self.has("QUIC")
    }

    /// Whether it can run Lua.
    pub fn lua(&self) -> bool {
        self.has("LUA")
    }

    /// Whether it has the Prometheus exporter.
    pub fn prometheus(&self) -> bool {
        self.has("PROMEX") || self.services.contains("prometheus-exporter")
    }

    /// Whether `-Ws` works: the master tells a service manager about its state.
    pub fn systemd(&self) -> bool {
        self.has("SYSTEMD")
    }
}

#[derive(Clone, Copy)]
enum Section {
    Protocols,
    Filters,
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "\
HAProxy version 3.0.11-1+deb13u3 2026/05/20 - https://haproxy.org/
Feature list : -51DEGREES +LUA +OPENSSL +PROMEX +QUIC -ZLIB

Running on OpenSSL version : OpenSSL 3.5.7 9 Jun 2026
Built with Lua version : Lua 5.4.7

Available multiplexer protocols :
(protocols marked as <default> cannot be specified using 'proto' keyword)
       quic : mode=HTTP  side=FE     mux=QUIC  flags=HTX|NO_UPG|FRAMED
         h2 : mode=HTTP  side=FE|BE  mux=H2    flags=HTX|HOL_RISK|NO_UPG
  <default> : mode=TCP   side=FE|BE  mux=PASS  flags=

Available services : prometheus-exporter
Available filters :
\t[BWLIM] bwlim-in
\t[  OT] opentracing
";

    #[test]
    fn reads_each_list() {
        let features = Features::parse(SAMPLE);
        assert!(features.quic() && features.lua() && features.prometheus() && features.tls());
        assert!(!features.has("ZLIB") && !features.has("51DEGREES") && !features.systemd());
        assert_eq!(features.openssl.as_deref(), Some("OpenSSL 3.5.7 9 Jun 2026"));
        assert_eq!(features.lua_version.as_deref(), Some("5.4.7"));
        assert_eq!(features.protocols.iter().collect::<Vec<_>>(), ["h2", "quic"]);
        assert_eq!(features.filters.iter().collect::<Vec<_>>(), ["bwlim-in", "opentracing"]);
    }
}
