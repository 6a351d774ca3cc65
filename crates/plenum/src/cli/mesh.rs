//! `plenum service|dns|tls|route|monitor …`: internal services, as the daemon that runs knows them.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use http::Method;
use serde_json::{Value, json};

use super::output::{Output, cells};
use super::query;
use crate::client::Client;

const SERVICES: &str = "/mesh/api/services";

#[derive(Debug, Subcommand)]
pub(crate) enum Service {
    /// List services, those that were removed included.
    List,
    /// Give a service a name, a certificate, a route and a health check: all of it, or nothing.
    Register(Register),
    /// Register many services in one step: all of them, or none.
    Import {
        /// A JSON array of services as the API takes them; `-` reads standard input.
        file: PathBuf,
    },
    /// Take name, certificate, route and health check away.
    Deregister {
        /// The service's name.
        name: String,
    },
    /// Tell how a service is; exit 1 unless it is healthy.
    Health {
        /// The service's name.
        name: String,
    },
    /// Tell how a service was, hour by hour.
    History {
        /// The service's name.
        name: String,
        /// How far back, at most 168.
        #[arg(long, default_value_t = 24)]
        hours: u32,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Register {
    /// Letters, digits, `_` and `-`; becomes the name below the domain.
    name: String,
    /// Where it is: a name or an address, with a port after a colon.
    host: String,
    /// The port, if it is not given with the host; otherwise the protocol's own.
    #[arg(long)]
    port: Option<u16>,
    /// How the route and the health check speak to it.
    #[arg(long, value_enum, default_value = "http")]
    upstream_protocol: Protocol,
    /// What the health check asks for.
    #[arg(long, default_value = "/")]
    health_path: String,
    /// Serve it over plain HTTP, without a certificate.
    #[arg(long)]
    no_tls: bool,
    /// The name answers the service's own address instead of the gateway's.
    #[arg(long)]
    direct: bool,
    /// A word to find it by; may be given several times.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Replace a service of that name.
    #[arg(long)]
    overwrite: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Protocol {
    Http,
    Https,
    H2c,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Dns {
    /// List the names that are answered.
    List,
    /// Ask the DNS server for a name; one without a dot is that of a service.
    Resolve {
        /// The name.
        name: String,
    },
    /// Tell why a name answers what it answers.
    Explain {
        /// The name.
        name: String,
    },
    /// Forget what other DNS servers said.
    Flush,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tls {
    /// List certificates and when they end.
    List,
    /// Replace a service's certificate and revoke the old one.
    Rotate {
        /// The service's name.
        name: String,
    },
    /// Print everything that a service's certificate says.
    Inspect {
        /// The service's name.
        name: String,
    },
    /// Print the certificate that clients are to trust (PEM).
    Ca,
    /// Replace the internal authority and every certificate; clients that trust the old root go on.
    RotateCa,
    /// Print the list of revoked certificates (PEM).
    Crl,
    /// Put that certificate into this machine's own trust store.
    Trust,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Route {
    /// List routes and how the services behind them are.
    List,
    /// Print the newest requests that a service's route answered.
    Log {
        /// The service's name.
        name: String,
        /// How many, 1 to 500.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Give Caddy the current configuration again.
    Reload,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Monitor {
    /// Tell how the area is: DNS, Caddy, services, certificates, servers.
    Status,
    /// Tell how machines are: processors, memory, disk, GPUs.
    Servers,
    /// List containers.
    Containers,
}

pub(crate) async fn service(client: &Client, command: Service, output: &mut Output) -> anyhow::Result<()> {
    match command {
        Service::List => {
            let answer = client.json(Method::GET, SERVICES, None).await?;
            let fields = ["name", "url", "host", "port", "status", "health_status", "response_time"];
            let rows = cells(&answer["services"], &fields);
            output.table(&answer, &["NAME", "URL", "HOST", "PORT", "STATUS", "HEALTH", "MS"], &rows)?;
        }
        Service::Register(register) => {
            let answer = client.json(Method::POST, SERVICES, Some(register.body())).await?;
            done(&answer, output)?;
        }
        Service::Import { file } => {
            let services: Value = serde_json::from_str(&read(&file)?).context("the services are no JSON")?;
            let body = json!({ "services": services });
            done(&client.json(Method::POST, &format!("{SERVICES}/batch"), Some(body)).await?, output)?;
        }
        Service::Deregister { name } => {
            done(&client.json(Method::DELETE, &at(&name, ""), None).await?, output)?;
        }
        Service::Health { name } => {
            let answer = client.json(Method::GET, &at(&name, "/health"), None).await?;
            let text = format!("{} is {}", text(&answer["name"]), text(&answer["health_status"]));
            output.result(&answer, &text)?;
            if answer["ok"] != true {
                bail!("{text}");
            }
        }
        Service::History { name, hours } => {
            let answer = client.json(Method::GET, &at(&name, &format!("/history?hours={hours}")), None).await?;
            let rows = cells(&answer["hours"], &["from", "checks", "failures", "ms_avg", "ms_max"]);
            output.table(&answer, &["HOUR", "CHECKS", "FAILURES", "MS", "MS MAX"], &rows)?;
        }
    }
    Ok(())
}

pub(crate) async fn dns(client: &Client, command: Dns, output: &mut Output) -> anyhow::Result<()> {
    let answer = match command {
        Dns::List => client.json(Method::GET, "/mesh/api/dns", None).await?,
        Dns::Resolve { name } => {
            let body = json!({ "domain": name });
            client.json(Method::POST, "/mesh/api/dns/resolve", Some(body)).await?
        }
        Dns::Explain { name } => {
            let path = format!("/mesh/api/dns/explain?domain={}", query(&name));
            let answer = client.json(Method::GET, &path, None).await?;
            return Ok(output.result(&answer, &text(&answer["text"]))?);
        }
        Dns::Flush => return done(&client.json(Method::POST, "/mesh/api/dns/flush", None).await?, output),
    };
    told(&answer, output)
}

pub(crate) async fn tls(client: &Client, command: Tls, output: &mut Output) -> anyhow::Result<()> {
    let answer = match command {
        Tls::List => client.json(Method::GET, "/mesh/api/tls", None).await?,
        Tls::Inspect { name } => {
            client.json(Method::GET, &format!("/mesh/api/tls/{}/inspect", query(&name)), None).await?
        }
        Tls::Rotate { name } => {
            let answer = client.json(Method::POST, &format!("/mesh/api/tls/{}/rotate", query(&name)), None).await?;
            return done(&answer, output);
        }
        Tls::RotateCa => {
            return done(&client.json(Method::POST, "/mesh/api/tls/ca/rotate", None).await?, output);
        }
        Tls::Crl => {
            let answer = client.send(Method::GET, "/mesh/api/tls/crl", &[], Vec::new()).await?.success()?;
            let list = String::from_utf8(answer.body.into())?;
            return Ok(output.result(&json!({ "pem": list }), list.trim_end())?);
        }
        Tls::Trust => return done(&client.json(Method::POST, "/mesh/api/tls/trust", None).await?, output),
        Tls::Ca => {
            let answer = client.json(Method::GET, "/mesh/api/tls/ca", None).await?;
            return Ok(output.result(&answer, text(&answer["pem"]).trim_end())?);
        }
    };
    told(&answer, output)
}

pub(crate) async fn route(client: &Client, command: Route, output: &mut Output) -> anyhow::Result<()> {
    match command {
        Route::List => {
            let answer = client.json(Method::GET, "/mesh/api/routing", None).await?;
            let fields = ["domain", "upstream", "tls", "health_status", "response_time", "last_checked"];
            let rows = cells(&answer["routes"], &fields);
            output.table(&answer, &["DOMAIN", "UPSTREAM", "TLS", "HEALTH", "MS", "CHECKED"], &rows)?;
        }
        Route::Log { name, limit } => {
            let path = format!("/mesh/api/routing/{}/requests?limit={limit}", query(&name));
            let answer = client.json(Method::GET, &path, None).await?;
            if answer["ok"] != true {
                bail!("{}", text(&answer["reason"]));
            }
            let fields = ["at", "remote", "method", "path", "status", "response_time", "size"];
            let rows = cells(&answer["requests"], &fields);
            output.table(&answer, &["TIME", "FROM", "METHOD", "PATH", "STATUS", "MS", "BYTES"], &rows)?;
        }
        Route::Reload => {
            let answer = client.json(Method::POST, "/mesh/api/routing/reload", None).await?;
            if answer["ok"] != true {
                bail!("{}: {}", text(&answer["error"]), text(&answer["message"]));
            }
            output.result(&answer, &text(&answer["message"]))?;
        }
    }
    Ok(())
}

pub(crate) async fn monitor(client: &Client, command: Monitor, output: &mut Output) -> anyhow::Result<()> {
    let answer = match command {
        Monitor::Servers => client.json(Method::GET, "/mesh/api/servers", None).await?,
        Monitor::Containers => client.json(Method::GET, "/mesh/api/servers/containers", None).await?,
        Monitor::Status => {
            let answer = client.json(Method::GET, "/mesh/api/status", None).await?;
            let yes = |field: &str| if answer[field] == true { "answers" } else { "does not answer" };
            let counts = |field: &str, names: &[&str]| {
                let counts: Vec<_> = names.iter().map(|name| format!("{} {name}", answer[field][name])).collect();
                counts.join(", ")
            };
            let text = format!(
                "DNS           {}\nCaddy         {}\nServices      {}\nCertificates  {}\nServers       {}",
                yes("dns"),
                yes("caddy"),
                counts("services", &["up", "degraded", "down", "total"]),
                counts("certs", &["valid", "expiring", "expired"]),
                counts("servers", &["online", "total"]),
            );
            return Ok(output.result(&answer, &text)?);
        }
    };
    told(&answer, output)
}

impl Register {
    fn body(self) -> Value {
        let protocol = match self.upstream_protocol {
            Protocol::Http => "http",
            Protocol::Https => "https",
            Protocol::H2c => "h2c",
        };
        json!({
            "name": self.name, "host": self.host, "port": self.port, "upstream_protocol": protocol,
            "health_path": self.health_path, "no_tls": self.no_tls, "direct": self.direct, "tags": self.tags,
            "overwrite": self.overwrite,
        })
    }
}

fn at(name: &str, rest: &str) -> String {
    format!("{SERVICES}/{}{rest}", query(name))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn read(file: &std::path::Path) -> anyhow::Result<String> {
    if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// The documented result object: what was done, or why not.
fn done(answer: &Value, output: &mut Output) -> anyhow::Result<()> {
    if answer["ok"] != true {
        bail!("{}", text(&answer["stderr"]).trim_end());
    }
    Ok(output.result(answer, text(&answer["stdout"]).trim_end())?)
}

/// The documented text; where it says that something is not there, that is the failure.
fn told(answer: &Value, output: &mut Output) -> anyhow::Result<()> {
    let said = text(&answer["output"]);
    if answer["ok"] != true {
        bail!("{}", said.trim_end());
    }
    Ok(output.result(answer, said.trim_end())?)
}
