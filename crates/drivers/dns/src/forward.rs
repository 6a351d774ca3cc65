//! The way to the outside: asks the upstream servers, remembers what they said, and does not believe all of it.
//!
//! Asking (several servers, retries, TCP after truncation, one flight for the same question) is `hickory`'s. What is
//! remembered is kept here, so that it can be counted, emptied at once and explained, and be answered without a task.
//! Failures are remembered too, for a moment, so that a dead server is not hammered (RFC 9520).

mod memory;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{Edns, Message, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::svcb::SvcParamValue;
use hickory_resolver::proto::rr::{Name as HickoryName, RData, Record, RecordType};
use hickory_resolver::proto::serialize::binary::BinDecodable;
use hickory_resolver::{Resolver, TokioResolver};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::explain::Remembered;
use crate::name::Name;
use crate::special::is_private;
use crate::wire::{Flags, HEADER, PAYLOAD, Reply, Request, code, kind, truncated};
use crate::{Error, Result};
use memory::Memory;

/// How many questions may be on their way to the upstream servers; the next ones are told that it failed.
const IN_FLIGHT: usize = 1024;
/// How long one upstream server has to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long all of them together have.
const IN_ALL: Duration = Duration::from_secs(5);
/// How long a failure is remembered, in seconds.
const FAILURE: u32 = 1;
/// The longest that an answer, or the news that there is none, is remembered, in seconds.
const LONGEST: u32 = 86_400;
const LONGEST_NOTHING: u32 = 3_600;
/// How long the news that there is none is remembered when it does not say so itself, in seconds.
const NOTHING: u32 = 5;

/// What the outside said.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    Records(Vec<Record>),
    /// No such name, or no such records of it, with the record that says how long this holds.
    Nothing {
        code: ResponseCode,
        authority: Option<Box<Record>>,
    },
    /// An address of ours, from outside.
    Rebinding(IpAddr),
    Failed(String),
}

/// Asks the upstream servers and remembers.
#[derive(Debug)]
pub(crate) struct Forwarder {
    resolver: TokioResolver,
    memory: Memory,
    flights: Semaphore,
    allow_private_answers: bool,
}

impl Forwarder {
    pub(crate) fn new(upstreams: &[SocketAddr], allow_private_answers: bool, capacity: usize) -> Result<Self> {
        let servers = upstreams.iter().map(|address| {
            let at_port = |mut connection: ConnectionConfig| {
                connection.port = address.port();
                connection
            };
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(at_port);
            NameServerConfig::new(address.ip(), true, connections.into())
        });
        let config = ResolverConfig::from_name_servers(servers.collect());
        let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        options.use_hosts_file = ResolveHosts::Never;
        options.cache_size = 0;
        options.timeout = PATIENCE;
        options.attempts = 1;
        options.edns_payload_len = PAYLOAD;
        options.max_active_requests = IN_FLIGHT;
        let resolver = builder.build().map_err(|error| Error::Forward { reason: error.to_string() })?;
        let memory = Memory::new(capacity);
        Ok(Self { resolver, memory, flights: Semaphore::new(IN_FLIGHT), allow_private_answers })
    }

    /// What is remembered of a question, its records aged.
    pub(crate) fn remembered(&self, request: &Request) -> Option<Arc<memory::Kept>> {
        self.memory.get(&request.name, request.kind, Instant::now())
    }

    /// Asks the upstream servers, unless somebody got the answer meanwhile.
    pub(crate) async fn ask(&self, request: &Request) -> Arc<memory::Kept> {
        let fail = |reason: &str| memory::Kept::now(Said::Failed(reason.to_owned()), FAILURE);
        let Ok(_flight) = self.flights.try_acquire() else {
            return Arc::new(fail("too many questions are waiting for an answer"));
        };
        let Ok(name) = HickoryName::from_bytes(request.name.wire()) else {
            return Arc::new(fail("the name cannot be asked for"));
        };
        let epoch = self.memory.epoch();
        let lookup = self.resolver.lookup(name, RecordType::from(request.kind));
        let (said, seconds) = match timeout(IN_ALL, lookup).await {
            Ok(Ok(lookup)) => self.judge(lookup.answers().to_vec()),
            Ok(Err(error)) => judge_failure(error),
            Err(_) => (Said::Failed(format!("no answer within {IN_ALL:?}")), FAILURE),
        };
        let kept = Arc::new(memory::Kept::now(said, seconds));
        self.memory.put(&request.name, request.kind, Arc::clone(&kept), epoch);
        kept
    }

    /// What is made of an answer with these records.
    pub(crate) fn kept(&self, records: Vec<Record>) -> memory::Kept {
        let (said, seconds) = self.judge(records);
        memory::Kept::now(said, seconds)
    }

    fn judge(&self, records: Vec<Record>) -> (Said, u32) {
        let seconds = records.iter().map(|record| record.ttl).min().unwrap_or(NOTHING).min(LONGEST);
        let private = records.iter().flat_map(|record| addresses(&record.data)).find(|address| is_private(*address));
        match private {
            Some(address) if !self.allow_private_answers => (Said::Rebinding(address), seconds.max(NOTHING)),
            _ => (Said::Records(records), seconds),
        }
    }

    /// Forgets everything; tells how many answers that were.
    pub(crate) fn forget(&self) -> u64 {
        self.memory.clear()
    }

    /// How many answers are remembered.
    pub(crate) fn len(&self) -> u64 {
        self.memory.len()
    }

    /// What is remembered of a name's addresses.
    pub(crate) fn explain(&self, name: &Name) -> Remembered {
        let now = Instant::now();
        let all = [kind::A, kind::AAAA, kind::PTR].map(|kind| self.memory.get(name, kind, now));
        let mut addresses = Vec::new();
        let mut soonest = None;
        let mut nothing = None;
        for kept in all.into_iter().flatten() {
            let left = kept.left(now);
            match &kept.said {
                Said::Rebinding(address) => return Remembered::Rebinding(*address),
                Said::Failed(reason) => return Remembered::Failed(reason.clone()),
                Said::Nothing { .. } => nothing = Some(left),
                Said::Records(records) => {
                    addresses.extend(records.iter().flat_map(|record| addresses_of(&record.data)));
                    soonest = Some(soonest.map_or(left, |soonest: u32| soonest.min(left)));
                }
            }
        }
        match (soonest, nothing) {
            (Some(left), _) => Remembered::Answers { addresses, left },
            (None, Some(left)) => Remembered::Nowhere { left },
            (None, None) => Remembered::Nothing,
        }
    }
}

fn judge_failure(error: NetError) -> (Said, u32) {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(nothing))
            if matches!(nothing.response_code, ResponseCode::NXDomain | ResponseCode::NoError) =>
        {
            let seconds = nothing.negative_ttl.unwrap_or(NOTHING).min(LONGEST_NOTHING);
            let authority = nothing.soa.map(|record| Box::new(record.into_record_of_rdata()));
            (Said::Nothing { code: nothing.response_code, authority }, seconds)
        }
        error => (Said::Failed(error.to_string()), FAILURE),
    }
}

fn addresses_of(data: &RData) -> Option<IpAddr> {
    match data {
        RData::A(address) => Some(address.0.into()),
        RData::AAAA(address) => Some(address.0.into()),
        _ => None,
    }
}

/// Every address that a client could connect to because of this record, with the hints of service bindings (RFC 9460).
fn addresses(data: &RData) -> Vec<IpAddr> {
    let service = match data {
        RData::SVCB(service) => service,
        RData::HTTPS(service) => &service.0,
        data => return addresses_of(data).into_iter().collect(),
    };
    let hints = service.svc_params.iter().flat_map(|(_, value)| match value {
        SvcParamValue::Ipv4Hint(hints) => hints.0.iter().map(|address| IpAddr::from(address.0)).collect(),
        SvcParamValue::Ipv6Hint(hints) => hints.0.iter().map(|address| IpAddr::from(address.0)).collect(),
        _ => Vec::new(),
    });
    hints.collect()
}

/// Writes what the outside said as the answer to a query.
pub(crate) fn write(kept: &memory::Kept, packet: &[u8], request: &Request, limit: usize, buffer: &mut Vec<u8>) {
    let refuse = |code| Flags { authoritative: false, recursion_available: true, code };
    let (answers, authority, code) = match &kept.said {
        Said::Records(records) => (records.as_slice(), None, ResponseCode::NoError),
        Said::Nothing { code, authority } => (&[][..], authority.as_deref(), *code),
        Said::Rebinding(_) => {
            return Reply::new(buffer, packet, request, limit, refuse(code::REFUSED)).finish();
        }
        Said::Failed(_) => {
            return Reply::new(buffer, packet, request, limit, refuse(code::SERVER_FAILURE)).finish();
        }
    };
    match encode(kept, answers, authority, code, packet, request) {
        Some(bytes) if bytes.len() <= limit => {
            buffer.clear();
            buffer.extend_from_slice(&bytes);
        }
        Some(_) => truncated(buffer, packet, request, true),
        None => Reply::new(buffer, packet, request, limit, refuse(code::SERVER_FAILURE)).finish(),
    }
}

fn encode(
    kept: &memory::Kept,
    answers: &[Record],
    authority: Option<&Record>,
    code: ResponseCode,
    packet: &[u8],
    request: &Request,
) -> Option<Vec<u8>> {
    let age = kept.age(Instant::now());
    let aged = |record: &Record| {
        let mut record = record.clone();
        record.decrement_ttl(age);
        record
    };
    let id = u16::from_be_bytes([packet[0], packet[1]]);
    let mut message = Message::response(id, hickory_resolver::proto::op::OpCode::Query);
    message.metadata.recursion_desired = request.recursion_desired;
    message.metadata.recursion_available = true;
    message.metadata.checking_disabled = packet[3] & 0x10 != 0;
    message.metadata.response_code = code;
    // In the case in which it was asked.
    let name = HickoryName::from_bytes(packet.get(HEADER..request.question_end)?).ok()?;
    message.add_query(Query::query(name, RecordType::from(request.kind)));
    message.add_answers(answers.iter().map(aged));
    message.add_authorities(authority.map(aged));
    if let Some(edns) = request.edns {
        let mut ours = Edns::new();
        ours.set_max_payload(PAYLOAD).set_dnssec_ok(edns.dnssec);
        message.set_edns(ours);
    }
    message.to_vec().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::proto::rr::rdata::svcb::{IpHint, SVCB, SvcParamKey};
    use hickory_resolver::proto::rr::rdata::{A, HTTPS};

    fn record(data: RData) -> Record {
        Record::from_rdata(HickoryName::from_ascii("evil.example.").unwrap(), 60, data)
    }

    fn forwarder(allow: bool) -> Forwarder {
        Forwarder::new(&["192.0.2.53:53".parse().unwrap()], allow, 10).unwrap()
    }

    #[tokio::test]
    async fn f30_an_address_of_ours_from_outside_is_not_believed() {
        let public = RData::A(A::new(1, 1, 1, 1));
        let private = RData::A(A::new(10, 0, 0, 1));
        let hint = (SvcParamKey::Ipv4Hint, SvcParamValue::Ipv4Hint(IpHint(vec![A::new(127, 0, 0, 1)])));
        let service = RData::HTTPS(HTTPS(SVCB::new(1, HickoryName::root(), vec![hint])));
        for data in [private.clone(), service] {
            let (said, seconds) = forwarder(false).judge(vec![record(public.clone()), record(data.clone())]);
            assert!(matches!(said, Said::Rebinding(_)), "{said:?}");
            assert_eq!(seconds, 60);
            assert!(matches!(forwarder(true).judge(vec![record(data)]).0, Said::Records(_)));
        }
        assert!(matches!(forwarder(false).judge(vec![record(public)]).0, Said::Records(_)));
    }
}
