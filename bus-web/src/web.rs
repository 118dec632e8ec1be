//! The entry: from a bus to a router or a server.

use std::io;
use std::sync::Arc;

use axum::Router;
use bus_core::EventBus;
use tokio::net::{TcpListener, ToSocketAddrs};

use crate::access::{self, Access};
use crate::server::{self, Server};
use crate::shared::Shared;
use crate::{agui, events, guard};

/// Serves the events of a bus to callers that `access` lets in.
///
/// There is no default for the access: whoever may read the events of a bus may read all that
/// agents say and do, apart from redacted fields.
///
/// ```
/// use bus_web::Access;
///
/// let bus = bus_core::EventBus::new();
/// let app: axum::Router = axum::Router::new()
///     .nest("/bus", bus_web::web(&bus, Access::loopback()).into_router());
/// ```
pub fn web(bus: &EventBus, access: Access) -> Web {
    Web { shared: Shared::new(bus.clone(), access) }
}

/// The routes of a bus over HTTP, to be mounted or served: see [`web`].
#[must_use = "it serves nothing until it is mounted with `into_router` or served with `serve`"]
#[derive(Debug)]
pub struct Web {
    pub(crate) shared: Shared,
}

impl Web {
    /// Adds names that callers may reach this server by, such as `agents.example.org` behind a
    /// proxy, or `localhost:3000` for one port. Any other name but a loopback one is refused, so
    /// that a page of another site cannot read the events by a name that leads here (DNS
    /// rebinding).
    pub fn hosts<H: Into<String>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        self.shared.hosts.add(hosts.into_iter().map(Into::into));
        self
    }

    /// Returns the routes, to be served or nested by the program.
    ///
    /// The links in all answers are relative, so a prefix needs no setting.
    pub fn into_router(self) -> Router {
        let shared = Arc::new(self.shared);
        let events = events::router(&shared).merge(agui::router(&shared));
        let page = access::router(&shared);
        #[cfg(feature = "monitor")]
        let page = page.merge(crate::monitor::router(&shared));
        let routes = access::around(events, &shared).merge(access::around_page(page, &shared));
        guard::around(routes, shared)
    }

    /// Listens on an address and serves the routes until [`Server::shutdown`]. Port 0 takes a free
    /// one.
    ///
    /// # Errors
    /// If the address cannot be bound, and if it is reachable from other machines although the
    /// access is [`Access::loopback`].
    pub async fn serve(self, address: impl ToSocketAddrs) -> io::Result<Server> {
        let listener = TcpListener::bind(address).await?;
        server::start(listener, self)
    }
}
