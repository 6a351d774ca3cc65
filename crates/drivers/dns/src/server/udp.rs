//! Queries over UDP.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Weak};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use rustix::net::SendFlags;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::{Question, Shared, Step, Transport};

/// A query is a few hundred bytes at the most; what is longer than this is cut off, and is then malformed.
const LONGEST: usize = 4096;
/// What a thread needs: two buffers and a few names.
const STACK: usize = 256 << 10;

/// Starts a thread that answers until it is told to stop.
pub(super) fn start(
    shared: Arc<Shared>,
    socket: Arc<UdpSocket>,
    stopped: watch::Receiver<bool>,
) -> io::Result<JoinHandle<()>> {
    let runtime = Handle::current();
    let work = move || serve(&shared, &socket, &runtime, &stopped);
    Builder::new().name("dns".to_owned()).stack_size(STACK).spawn(work)
}

fn serve(shared: &Arc<Shared>, socket: &Arc<UdpSocket>, runtime: &Handle, stopped: &watch::Receiver<bool>) {
    let mut packet = vec![0; LONGEST];
    let mut buffer = Vec::with_capacity(LONGEST);
    while !shared.is_stopping() {
        let (length, peer) = match socket.recv_from(&mut packet) {
            Ok(received) => received,
            Err(error) => {
                // Memory may be short for a moment; the end of the socket is seen above.
                if error.kind() != io::ErrorKind::Interrupted && !shared.is_stopping() {
                    std::thread::sleep(Duration::from_millis(10));
                }
                continue;
            }
        };
        // An answer to port 0 could not be sent.
        let Some(packet) = packet.get(..length).filter(|_| peer.port() != 0) else { continue };
        match shared.step(packet, peer.ip(), Transport::Udp, &mut buffer) {
            Step::Nothing => {}
            Step::Send => send(socket, &buffer, peer),
            Step::Ask(question) => {
                // Weak: the address is free as soon as the server has ended, whatever still waits.
                let socket = Arc::downgrade(socket);
                let shared = Arc::clone(shared);
                runtime.spawn(ask(shared, socket, question, peer, stopped.clone()));
            }
        }
    }
}

async fn ask(
    shared: Arc<Shared>,
    socket: Weak<UdpSocket>,
    question: Box<Question>,
    peer: SocketAddr,
    mut stopped: watch::Receiver<bool>,
) {
    let mut buffer = Vec::new();
    tokio::select! {
        () = shared.ask(&question, &mut buffer) => {}
        _ = stopped.wait_for(|stopped| *stopped) => return,
    }
    if let Some(socket) = socket.upgrade() {
        send(&socket, &buffer, peer);
    }
}

fn send(socket: &UdpSocket, bytes: &[u8], peer: SocketAddr) {
    // A datagram may always get lost, and who asked asks again; waiting for room would keep others waiting.
    let _ = rustix::net::sendto(socket, bytes, SendFlags::DONTWAIT, &peer);
}
