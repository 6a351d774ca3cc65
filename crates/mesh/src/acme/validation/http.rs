//! HTTP-01 (RFC 8555 section 8.3): a file that only whoever answers for the name can have put there.
//!
//! The name is looked up in our own zone and nowhere else, and the connection goes to the address that was found and
//! checked (V15). Redirects are followed a few times, each only to a name below the domain and with the same checks.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::{StatusCode, header};
use reqwest::{Client, Response, Url, redirect};

use super::Problem;
use crate::{Mesh, guard};

/// Where the proof is (RFC 8615).
const PATH: &str = "/.well-known/acme-challenge/";
/// How often we go on.
const REDIRECTS: usize = 3;
/// The proof has less than a hundred octets.
const MOST: usize = 4096;
const CONNECT: Duration = Duration::from_secs(2);
const WHOLE: Duration = Duration::from_secs(4);

/// Looks for the proof at the name.
pub(super) async fn look(mesh: &Mesh, name: &str, token: &str, proof: &str) -> Result<(), Problem> {
    let mut place = Place { is_tls: false, name: name.to_owned(), port: None, path: format!("{PATH}{token}") };
    for _ in 0..=REDIRECTS {
        let response = ask(mesh, &place).await?;
        if !response.status().is_redirection() {
            return read(&place, response, proof).await;
        }
        let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
        place = place.next(to, &mesh.config.domain)?;
    }
    Err(Problem::validation("connection", format!("{name} redirects more than {REDIRECTS} times")))
}

/// Where to look.
#[derive(Debug, PartialEq)]
struct Place {
    is_tls: bool,
    name: String,
    /// As a redirect says it.
    port: Option<u16>,
    /// And the query.
    path: String,
}

impl Place {
    fn scheme(&self) -> &'static str {
        if self.is_tls { "https" } else { "http" }
    }

    /// The place that a redirect leads to.
    fn next(&self, to: &str, domain: &str) -> Result<Self, Problem> {
        let refused = |reason: &str| {
            let to = to.chars().take(200).collect::<String>();
            let detail = format!("{} redirects to \"{}\": {reason}", self.name, to.escape_debug());
            Problem::validation("connection", detail)
        };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let here = Url::parse(&format!("{}://{}{port}{}", self.scheme(), self.name, self.path));
        let url = here.and_then(|here| here.join(to)).map_err(|_| refused("this is not an address"))?;
        let is_tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(refused("only http and https are followed")),
        };
        let name = url.domain().unwrap_or_default().to_ascii_lowercase();
        if !name.strip_suffix(domain).is_some_and(|front| front.ends_with('.')) {
            return Err(refused("this is not a name below the domain"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("there is a user in it"));
        }
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(Self { is_tls, name, port: url.port(), path: format!("{}{query}", url.path()) })
    }

    /// The port at an address; a redirect can name none but those where services answer.
    fn port_at(&self, ip: IpAddr, ports: &Ports) -> Option<u16> {
        let (http, https) = if ip == ports.gateway { ports.caddy } else { (ports.http, 443) };
        match self.port {
            None => Some(if self.is_tls { https } else { http }),
            Some(port) => [http, https, 80, 443].contains(&port).then_some(port),
        }
    }
}

struct Ports {
    gateway: IpAddr,
    /// Of the routes.
    caddy: (u16, u16),
    /// Of everybody else.
    http: u16,
}

async fn ask(mesh: &Mesh, place: &Place) -> Result<Response, Problem> {
    let name = &place.name;
    let addresses = mesh.publisher.dns.zone().map(|zone| zone.addresses(name)).unwrap_or_default();
    let Some(first) = addresses.first() else {
        let detail = format!("{name} has no address in the zone; is there a service of this name?");
        return Err(Problem::validation("dns", detail));
    };
    if addresses.iter().any(|ip| !guard::may_reach(*ip, mesh.config.allow_loopback)) {
        return Err(Problem::validation("connection", format!("{name} leads to an address that may not be reached")));
    }
    let gateway = mesh.gateway();
    let ports = Ports { gateway, caddy: mesh.publisher.proxy.ports(), http: mesh.config.acme.http_port };
    let Some(port) = place.port_at(*first, &ports) else {
        let detail = format!("{name} redirects to a port where no service answers");
        return Err(Problem::validation("connection", detail));
    };
    let pinned: Vec<SocketAddr> = addresses.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
    let url = format!("{}://{name}:{port}{}", place.scheme(), place.path);
    let failed = |error: reqwest::Error| {
        let mut cause: &dyn std::error::Error = &error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Problem::validation("connection", format!("{url} at {first} cannot be read: {cause}"))
    };
    let client = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .resolve_to_addrs(name, &pinned)
        .http1_only()
        // A name that is yet to get its certificate cannot show one.
        .danger_accept_invalid_certs(true)
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .user_agent("Plenum ACME validation")
        .build()
        .map_err(failed)?;
    // Servers go by the name; on which port they are asked is between the gateway and us.
    client.get(&url).header(header::HOST, name).send().await.map_err(failed)
}

async fn read(place: &Place, mut response: Response, proof: &str) -> Result<(), Problem> {
    let name = &place.name;
    let wrong = |detail: String| Err(Problem::validation("incorrectResponse", detail));
    if response.status() != StatusCode::OK {
        return wrong(format!("{name} answers {} where the proof should be", response.status().as_u16()));
    }
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(_) => return Err(Problem::validation("connection", format!("the answer of {name} breaks off"))),
        }
        if body.len() > MOST {
            return wrong(format!("{name} answers more than {MOST} octets where the proof should be"));
        }
    }
    if body.trim_ascii_end() == proof.as_bytes() {
        Ok(())
    } else {
        // What it is instead is nobody's business: the answer may be meant for us alone.
        wrong(format!("{name} answers, but not with the proof"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> Place {
        Place { is_tls: false, name: name.to_owned(), port: None, path: format!("{PATH}abc") }
    }

    #[test]
    fn v15_redirects_lead_to_names_below_the_domain_only() {
        let from = place("core.qp.local");
        let next = |to: &str| from.next(to, "qp.local");
        let there = next("https://Other.qp.local:8443/x?y=1").unwrap();
        assert_eq!((there.is_tls, there.name.as_str(), there.port), (true, "other.qp.local", Some(8443)));
        assert_eq!(there.path, "/x?y=1");
        assert_eq!(next("/elsewhere").unwrap(), Place { path: "/elsewhere".to_owned(), ..place("core.qp.local") });
        for bad in [
            "",
            "http://example.com/",
            "http://qp.local/",
            "http://169.254.169.254/latest/meta-data",
            "http://0xa9fea9fe/",
            "http://2852039166/",
            "http://[::ffff:169.254.169.254]/",
            "http://core.qp.local.evil.example/",
            "http://xqp.local/",
            "file:///etc/passwd",
            "gopher://core.qp.local/",
            "http://user@core.qp.local/",
            "//evil.example/x",
        ] {
            let refused = next(bad);
            assert!(
                refused.is_err() || (bad.is_empty() && refused == Ok(place("core.qp.local"))),
                "{bad}: {refused:?}"
            );
        }
    }

    #[test]
    fn v15_ports_are_those_of_services() {
        let ports = Ports { gateway: [10, 0, 0, 1].into(), caddy: (8880, 8443), http: 5002 };
        let (gateway, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let at = |port, is_tls, ip| Place { port, is_tls, ..place("core.qp.local") }.port_at(ip, &ports);
        assert_eq!((at(None, false, gateway), at(None, true, gateway)), (Some(8880), Some(8443)));
        assert_eq!((at(None, false, other), at(None, true, other)), (Some(5002), Some(443)));
        assert_eq!((at(Some(8443), true, gateway), at(Some(443), true, other)), (Some(8443), Some(443)));
        for port in [22, 6379, 8443, 2019] {
            assert_eq!(at(Some(port), false, other), None, "{port}");
        }
    }
}
