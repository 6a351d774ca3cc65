//! The embedded engine: an authoritative and forwarding server in this process.
//!
//! Queries over UDP are read by threads of their own with blocking calls: two system calls for a query, and no waiting
//! behind the work of the runtime. What is known here (the zone, what standards fix, what is remembered of the outside)
//! is answered on the spot; only a question to the outside becomes a task. The zone is swapped as a whole, so a change is
//! seen by the very next query.

mod counters;
mod sockets;
mod tcp;
mod udp;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle as Thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::answer::{Asker, Outcome, Recursion, answer};
use crate::explain::{Explanation, Remembered, explain};
use crate::forward::{Forwarder, write};
use crate::wire::{PAYLOAD, Parsed, Request, parse, plain};
use crate::zone::Zone;
use crate::{Error, Result};
use counters::Counters;
pub use counters::Statistics;
use sockets::Pair;

/// How long the threads have to see that they are to end.
const ENDING: Duration = Duration::from_secs(2);

/// What a server is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen, over UDP and TCP alike. With port 0 both get the same free port. An unspecified address answers
    /// from whichever address the system prefers, so on a machine with several addresses in one network name each.
    pub listen: Vec<SocketAddr>,
    /// Whom to ask for names that are not ours; nobody means that no other names exist.
    pub upstreams: Vec<SocketAddr>,
    pub zone: Zone,
    /// Whether upstream servers may answer with private addresses, which turns off the protection from rebinding.
    pub allow_private_answers: bool,
    /// For whom the upstream servers are asked.
    pub recursion: Recursion,
    /// How many of their answers are remembered.
    pub remembered: usize,
    /// How many TCP connections there may be at once; more are closed at once.
    pub connections: usize,
    /// How long a TCP connection may do nothing.
    pub idle: Duration,
    /// How many threads read from each address; 0 is one for each processor, but at most four.
    pub threads: usize,
}

impl Options {
    /// A server for a zone that listens nowhere yet and asks nobody, with the usual limits.
    pub fn new(zone: Zone) -> Self {
        Self {
            listen: Vec::new(),
            upstreams: Vec::new(),
            zone,
            allow_private_answers: false,
            recursion: Recursion::Loopback,
            remembered: 10_000,
            connections: 128,
            idle: Duration::from_secs(10),
            threads: 0,
        }
    }
}

/// A running server; it ends when this value is dropped, or earlier and in order by [`Server::shutdown`].
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    addresses: Vec<SocketAddr>,
    sockets: Vec<Arc<std::net::UdpSocket>>,
    threads: Vec<Thread<()>>,
    tasks: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

/// What every thread and task looks at.
#[derive(Debug)]
pub(crate) struct Shared {
    zone: ArcSwap<Zone>,
    upstreams: Vec<SocketAddr>,
    forwarder: Option<Forwarder>,
    recursion: Recursion,
    counters: Counters,
    stopping: AtomicBool,
}

/// How a query came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Udp,
    Tcp,
}

/// What is to be done about a packet.
#[derive(Debug)]
pub(crate) enum Step {
    Nothing,
    /// Send what is in the buffer.
    Send,
    /// Ask the outside.
    Ask(Box<Question>),
}

/// A question that is on its way to the outside.
#[derive(Debug)]
pub(crate) struct Question {
    /// The header and the question, as they came.
    packet: Vec<u8>,
    request: Request,
    limit: usize,
}

impl Server {
    /// Listens on every address, or on none.
    ///
    /// # Errors
    /// [`Error::Listen`] with the address that cannot be listened on, [`Error::Option`] when there is none, or when an
    /// upstream server is this one.
    pub async fn bind(options: Options) -> Result<Self> {
        let pairs = options.listen.iter().map(|address| Pair::bind(*address)).collect::<Result<Vec<_>>>()?;
        let addresses: Vec<SocketAddr> = pairs.iter().map(|pair| pair.address).collect();
        let Some(address) = addresses.first().copied() else {
            return Err(Error::Option { value: "listen".to_owned(), reason: "there is no address to listen on" });
        };
        if let Some(upstream) = options.upstreams.iter().find(|upstream| leads_back(**upstream, &addresses)) {
            return Err(Error::Option { value: upstream.to_string(), reason: "the server would ask itself" });
        }
        let forwarder = match options.upstreams.as_slice() {
            [] => None,
            upstreams => Some(Forwarder::new(upstreams, options.allow_private_answers, options.remembered)?),
        };
        let shared = Arc::new(Shared {
            zone: ArcSwap::from_pointee(options.zone),
            upstreams: options.upstreams,
            forwarder,
            recursion: options.recursion,
            counters: Counters::default(),
            stopping: AtomicBool::new(false),
        });
        let (stop, stopped) = watch::channel(false);
        let mut server = Self { shared, address, addresses, sockets: vec![], threads: vec![], tasks: vec![], stop };
        let connections = Arc::new(Semaphore::new(options.connections));
        let processors = std::thread::available_parallelism().map_or(1, |count| count.get().min(4));
        let threads = if options.threads == 0 { processors } else { options.threads };
        for Pair { address, udp, tcp } in pairs {
            let udp = Arc::new(udp);
            for _ in 0..threads {
                let thread = udp::start(Arc::clone(&server.shared), Arc::clone(&udp), stopped.clone());
                server.threads.push(thread.map_err(|source| Error::Listen { address, source })?);
            }
            server.sockets.push(udp);
            let limits = tcp::Limits { connections: Arc::clone(&connections), idle: options.idle };
            server.tasks.push(tokio::spawn(tcp::accept(Arc::clone(&server.shared), tcp, limits, stopped.clone())));
        }
        Ok(server)
    }

    /// Where it listens; the first address, when there are several.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, in the order of the options, with the ports that were given.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Answers from another zone, from the next query on.
    pub fn set(&self, zone: Zone) {
        self.shared.zone.store(Arc::new(zone));
    }

    /// The zone that is answered from.
    pub fn zone(&self) -> Arc<Zone> {
        self.shared.zone.load_full()
    }

    /// Forgets what the upstream servers said; tells how many answers that were.
    pub fn flush(&self) -> u64 {
        self.shared.forwarder.as_ref().map_or(0, Forwarder::forget)
    }

    /// Why a name, or the name of an address, answers what it answers. Asks nobody.
    pub fn explain(&self, name: &str) -> Explanation {
        let zone = self.shared.zone.load();
        let remembered = |name: &_| match &self.shared.forwarder {
            Some(forwarder) => forwarder.explain(name),
            None => Remembered::Nothing,
        };
        explain(&zone, &self.shared.upstreams, name, remembered)
    }

    /// What was done since the start.
    pub fn statistics(&self) -> Statistics {
        let remembered = self.shared.forwarder.as_ref().map_or(0, Forwarder::len);
        self.shared.counters.read(remembered)
    }

    /// Stops listening; afterwards the addresses are free. Connections are closed, and questions that wait for an
    /// upstream server get no answer.
    pub async fn shutdown(mut self) {
        self.wake();
        for task in self.tasks.drain(..) {
            // A task that panicked is over as well.
            let _ = task.await;
        }
        let end = Instant::now() + ENDING;
        for thread in self.threads.drain(..) {
            while !thread.is_finished() && Instant::now() < end {
                sleep(Duration::from_millis(1)).await;
            }
        }
    }

    /// Tells every thread and task to end.
    fn wake(&self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.stop.send_replace(true);
        for socket in &self.sockets {
            // It says that the socket is not connected, and yet wakes whoever reads from it.
            let _ = rustix::net::shutdown(socket, rustix::net::Shutdown::Both);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.wake();
    }
}

/// Whether a question to `upstream` would arrive at one of `addresses`.
fn leads_back(upstream: SocketAddr, addresses: &[SocketAddr]) -> bool {
    addresses.iter().any(|address| {
        let all = address.ip().is_unspecified() && address.is_ipv4() == upstream.is_ipv4();
        address.port() == upstream.port() && (address.ip() == upstream.ip() || all && upstream.ip().is_loopback())
    })
}

impl Shared {
    /// Decides about one packet; an answer is in `buffer` afterwards.
    pub(crate) fn step(&self, packet: &[u8], peer: IpAddr, transport: Transport, buffer: &mut Vec<u8>) -> Step {
        let request = match parse(packet) {
            Parsed::Query(request) => request,
            Parsed::Ignore => {
                self.counters.malformed();
                return Step::Nothing;
            }
            Parsed::Fault(code) => {
                self.counters.malformed();
                plain(buffer, packet, code);
                return Step::Send;
            }
        };
        let limit = match (transport, request.edns) {
            (Transport::Tcp, _) => usize::from(u16::MAX),
            (Transport::Udp, None) => 512,
            (Transport::Udp, Some(edns)) => usize::from(edns.payload.clamp(512, PAYLOAD)),
        };
        let asker = Asker { recursion: self.recursion.allows(peer), upstreams: self.forwarder.is_some(), limit };
        match answer(&self.zone.load(), asker, packet, &request, buffer) {
            Outcome::Answered => self.counters.answered(),
            Outcome::Refused => self.counters.refused(),
            Outcome::Outside => {
                let Some(forwarder) = &self.forwarder else { return Step::Nothing };
                let Some(kept) = forwarder.remembered(&request) else {
                    let packet = packet[..request.question_end].to_vec();
                    return Step::Ask(Box::new(Question { packet, request, limit }));
                };
                self.counters.remembered();
                write(&kept, packet, &request, limit, buffer);
            }
        }
        Step::Send
    }

    /// Asks the outside; the answer is in `buffer` afterwards.
    pub(crate) async fn ask(&self, question: &Question, buffer: &mut Vec<u8>) {
        let Some(forwarder) = &self.forwarder else { return };
        let kept = forwarder.ask(&question.request).await;
        self.counters.forwarded(&kept.said);
        write(&kept, &question.packet, &question.request, question.limit, buffer);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::proto::op::{Message, Query};
    use hickory_resolver::proto::rr::{Name, RecordType};
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    fn shared() -> Shared {
        let all = (0..200).map(|last| Ipv4Addr::new(10, 0, 0, last).into()).collect();
        let names = [("web", vec!["10.0.0.1".parse().unwrap(), "fd00::1".parse().unwrap()]), ("many", all)];
        Shared {
            zone: ArcSwap::from_pointee(Zone::of("internal", names).unwrap()),
            upstreams: Vec::new(),
            forwarder: None,
            recursion: Recursion::Loopback,
            counters: Counters::default(),
            stopping: AtomicBool::new(false),
        }
    }

    fn query() -> impl Strategy<Value = Vec<u8>> {
        let names = prop::sample::select(vec![
            "web.internal.",
            "MANY.internal.",
            "nope.internal.",
            "internal.",
            "1.0.0.10.in-addr.arpa.",
            "10.in-addr.arpa.",
            "example.com.",
            "localhost.",
            ".",
        ]);
        (names, 0..260u16, any::<Option<u16>>()).prop_map(|(name, kind, payload)| {
            let mut message = Message::query();
            message.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::from(kind)));
            if let Some(payload) = payload {
                let mut edns = hickory_resolver::proto::op::Edns::new();
                edns.set_max_payload(payload);
                message.set_edns(edns);
            }
            message.to_vec().unwrap()
        })
    }

    fn mangled() -> impl Strategy<Value = Vec<u8>> {
        let edits = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
        (query(), edits, any::<prop::sample::Index>(), 0..8u8).prop_map(|(mut packet, edits, cut, shorten)| {
            for (at, byte) in edits {
                let at = at.index(packet.len());
                packet[at] = byte;
            }
            if shorten == 0 {
                packet.truncate(cut.index(packet.len()));
            }
            packet
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn v23_any_packet_has_at_most_one_answer_that_others_can_read(
            packet in prop_oneof![
                4 => mangled(),
                1 => proptest::collection::vec(any::<u8>(), 0..600),
            ],
            tcp: bool,
            here: bool,
        ) {
            let peer = if here { Ipv4Addr::LOCALHOST } else { Ipv4Addr::new(203, 0, 113, 1) };
            let (transport, limit) = if tcp { (Transport::Tcp, 65_535) } else { (Transport::Udp, 1232) };
            let mut buffer = Vec::new();
            match shared().step(&packet, peer.into(), transport, &mut buffer) {
                Step::Nothing => prop_assert!(packet.len() < 12 || packet[2] & 0x80 != 0),
                Step::Send => {
                    prop_assert!(buffer.len() <= limit);
                    let message = Message::from_vec(&buffer);
                    prop_assert!(message.is_ok(), "{packet:?} is answered by {buffer:?}: {message:?}");
                    prop_assert_eq!(&buffer[..2], &packet[..2]);
                }
                Step::Ask(_) => prop_assert!(false, "there is nobody to ask"),
            }
        }
    }
}
