//! A server of its own, for programs that have none.

use std::io;
use std::net::SocketAddr;

use bus_core::EventBus;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::access::{Access, Kind, Token};
use crate::web::{Web, web};

/// A server that runs: see [`Web::serve`](crate::Web::serve). Dropping it stops it without waiting.
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub struct Server {
    address: SocketAddr,
    closing: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    /// Returns the address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no new connections, ends the open answers, and waits until all are sent.
    pub async fn shutdown(mut self) {
        self.closing.send_replace(true);
        let _ = (&mut self.task).await;
    }

    /// Serves for ever: until the task that waits is dropped.
    ///
    /// # Cancel safety
    /// The server stops when this is dropped, because it owns it.
    pub async fn wait(mut self) {
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.closing.send_replace(true);
        self.task.abort();
    }
}

/// A server for one's own screen: see [`dev`].
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub struct Dev {
    /// The server.
    pub server: Server,
    /// The link with the token.
    pub link: String,
}

/// Serves a bus on a free port of this machine, to whoever has the link that it prints.
///
/// # Errors
/// If no port can be bound, or the system has no random bytes.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let bus = bus_core::EventBus::new();
/// let dev = bus_web::dev(&bus).await?; // prints http://127.0.0.1:40123/#token=...
/// dev.server.wait().await;
/// # Ok(()) }
/// ```
#[expect(clippy::print_stdout, reason = "it is there to print the link")]
pub async fn dev(bus: &EventBus) -> io::Result<Dev> {
    let token = Token::random().map_err(io::Error::other)?;
    let text = token.as_str().to_owned();
    let server = web(bus, Access(Kind::Token(token))).serve("127.0.0.1:0").await?;
    // Behind `#` it reaches no server and no log.
    let link = format!("http://{}/#token={text}", server.address());
    println!("{link}");
    Ok(Dev { server, link })
}

pub(crate) fn start(listener: TcpListener, mut web: Web) -> io::Result<Server> {
    let address = listener.local_addr()?;
    if matches!(web.shared.access.0, Kind::Loopback) && !address.ip().is_loopback() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "{address} is reachable from other machines, and Access::loopback lets in only this one: use Access::token or Access::check, or listen on 127.0.0.1"
            ),
        ));
    }
    web.shared.hosts.listens(address);
    let closing = web.shared.closing.clone();
    let mut stop = closing.subscribe();
    let service = web.into_router().into_make_service_with_connect_info::<SocketAddr>();
    let serve = axum::serve(listener, service).with_graceful_shutdown(async move {
        let _ = stop.wait_for(|closing| *closing).await;
    });
    let task = tokio::spawn(async move {
        if let Err(error) = serve.await {
            tracing::error!(target: "bus_web", %error, "the server ended");
        }
    });
    Ok(Server { address, closing, task })
}
