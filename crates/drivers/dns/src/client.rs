//! Asks one server one question: the way to know whether it answers.
//!
//! Over UDP, once more when half of the time has passed without an answer, and over TCP when the answer did not fit.
//! What comes from elsewhere or answers another question is not looked at.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::proto::op::{Edns, Message, Query};
use hickory_resolver::proto::rr::{Name as HickoryName, RData, RecordType};
use hickory_resolver::proto::serialize::binary::BinDecodable;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout, timeout_at};

use crate::name::Name;
use crate::wire::PAYLOAD;
use crate::{Error, Result};

/// What is asked of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    A,
    Aaaa,
    Ptr,
    Soa,
    Ns,
    Txt,
}

impl From<Kind> for RecordType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::A => Self::A,
            Kind::Aaaa => Self::AAAA,
            Kind::Ptr => Self::PTR,
            Kind::Soa => Self::SOA,
            Kind::Ns => Self::NS,
            Kind::Txt => Self::TXT,
        }
    }
}

/// How a server put its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rcode {
    /// The name exists, with or without what was asked for.
    NoError,
    /// There is no such name.
    NoSuchName,
    /// The server could not find out.
    ServerFailure,
    Refused,
    /// Another code, by its number.
    Other(u16),
}

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub addresses: Vec<IpAddr>,
    /// The names in the answer: what an address leads back to, or a name server.
    pub names: Vec<String>,
    /// What a name's texts say, the strings of each put together.
    pub texts: Vec<String>,
    /// The zone's serial number, from its own record in the answer or beside it.
    pub serial: Option<u32>,
    pub rcode: Rcode,
    pub authoritative: bool,
    /// How long it took.
    pub took: Duration,
}

/// Asks `server` for `name`, or for the name of an address when that is given and the kind is [`Kind::Ptr`].
///
/// # Errors
/// [`Error::Name`] when it is no name, [`Error::Socket`] when the server cannot be reached, [`Error::Timeout`] when it
/// says nothing, [`Error::Garbled`] when it says something else. A refusal is an answer.
pub async fn ask(server: SocketAddr, name: &str, kind: Kind, within: Duration) -> Result<Answer> {
    let name = match (kind, name.parse::<IpAddr>()) {
        (Kind::Ptr, Ok(address)) => Name::reverse(address),
        _ => Name::parse(name)?,
    };
    let garbled = |error: &dyn std::fmt::Display| Error::Garbled { server, detail: error.to_string() };
    let name = HickoryName::from_bytes(name.wire()).map_err(|error| garbled(&error))?;
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, kind.into()));
    let mut edns = Edns::new();
    edns.set_max_payload(PAYLOAD);
    message.set_edns(edns);
    let bytes = message.to_vec().map_err(|error| garbled(&error))?;
    let begin = Instant::now();
    let late = |_| Error::Timeout { server, within };
    let answer = timeout(within, over_udp(server, &message, &bytes, begin + within / 2)).await.map_err(late)??;
    let answer = if answer.truncation {
        let left = within.saturating_sub(begin.elapsed());
        timeout(left, over_tcp(server, &message, &bytes)).await.map_err(late)??
    } else {
        answer
    };
    Ok(read(&answer, begin.elapsed()))
}

async fn over_udp(server: SocketAddr, asked: &Message, bytes: &[u8], again: Instant) -> Result<Message> {
    let failed = |action| move |source| Error::Socket { action, server, source };
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await.map_err(failed("ask"))?;
    // Connected: nothing arrives from anybody else, and a closed port is known at once.
    socket.connect(server).await.map_err(failed("ask"))?;
    socket.send(bytes).await.map_err(failed("ask"))?;
    // More than we said that we take.
    let mut buffer = vec![0; 4096];
    let mut repeated = false;
    loop {
        let length = if repeated {
            socket.recv(&mut buffer).await
        } else {
            match timeout_at(again, socket.recv(&mut buffer)).await {
                Ok(received) => received,
                Err(_) => {
                    repeated = true;
                    socket.send(bytes).await.map_err(failed("ask"))?;
                    continue;
                }
            }
        };
        let length = length.map_err(failed("hear from"))?;
        // A forger who cannot see the question does not know its number; another answer may still come.
        if let Some(answer) = buffer.get(..length).and_then(|bytes| matching(asked, bytes)) {
            return Ok(answer);
        }
    }
}

async fn over_tcp(server: SocketAddr, asked: &Message, bytes: &[u8]) -> Result<Message> {
    let failed = |action| move |source| Error::Socket { action, server, source };
    let mut stream = TcpStream::connect(server).await.map_err(failed("connect to"))?;
    let mut framed = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec();
    framed.extend_from_slice(bytes);
    stream.write_all(&framed).await.map_err(failed("ask"))?;
    let length = stream.read_u16().await.map_err(failed("hear from"))?;
    let mut buffer = vec![0; usize::from(length)];
    stream.read_exact(&mut buffer).await.map_err(failed("hear from"))?;
    let detail = || "the answer over TCP is to another question".to_owned();
    matching(asked, &buffer).ok_or_else(|| Error::Garbled { server, detail: detail() })
}

/// The answer in these bytes, if it is one to what was asked.
fn matching(asked: &Message, bytes: &[u8]) -> Option<Message> {
    let answer = Message::from_vec(bytes).ok()?;
    let is_answer = answer.message_type == hickory_resolver::proto::op::MessageType::Response;
    // A server that could not read the question does not repeat it.
    let same = answer.queries == asked.queries || answer.queries.is_empty();
    (is_answer && answer.id == asked.id && same).then_some(answer)
}

/// What these bytes say in answer to a question in bytes.
pub(crate) fn of_bytes(question: &[u8], answer: &[u8], took: Duration) -> Option<Answer> {
    matching(&Message::from_vec(question).ok()?, answer).map(|answer| read(&answer, took))
}

fn read(message: &Message, took: Duration) -> Answer {
    let mut answer = Answer {
        addresses: Vec::new(),
        names: Vec::new(),
        texts: Vec::new(),
        serial: None,
        rcode: match u16::from(message.response_code) {
            0 => Rcode::NoError,
            2 => Rcode::ServerFailure,
            3 => Rcode::NoSuchName,
            5 => Rcode::Refused,
            code => Rcode::Other(code),
        },
        authoritative: message.authoritative,
        took,
    };
    let plain = |name: &HickoryName| name.to_ascii().trim_end_matches('.').to_owned();
    for record in &message.answers {
        match &record.data {
            RData::A(address) => answer.addresses.push(address.0.into()),
            RData::AAAA(address) => answer.addresses.push(address.0.into()),
            RData::PTR(name) => answer.names.push(plain(&name.0)),
            RData::NS(name) => answer.names.push(plain(&name.0)),
            RData::TXT(text) => {
                let whole: Vec<u8> = text.txt_data.iter().flatten().copied().collect();
                answer.texts.push(String::from_utf8_lossy(&whole).into_owned());
            }
            _ => {}
        }
    }
    for record in message.answers.iter().chain(&message.authorities) {
        if let RData::SOA(zone) = &record.data {
            answer.serial = Some(zone.serial);
        }
    }
    answer
}
