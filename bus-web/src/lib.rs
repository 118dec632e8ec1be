//! Serves the events of a bus over HTTP.
//!
//! ```no_run
//! use bus_web::Access;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let bus = bus_core::EventBus::new();
//! let server = bus_web::web(&bus, Access::loopback()).serve("127.0.0.1:8080").await?;
//! println!("http://{}/events", server.address());
//! server.wait().await;
//! # Ok(()) }
//! ```
//!
//! [`Web::into_router`] makes an axum router to mount in a program of your own, also below a
//! prefix: all links are relative.
//!
//! # Routes
//!
//! | route | answer |
//! |---|---|
//! | `GET events` | server-sent events: the past from `since` on, then live events |
//! | `GET events.json` | a page of the past |
//! | `GET events/{id}` | one event |
//! | `POST agui` | [AG-UI](agui): calls the [agent](Web::agent) |
//! | `GET agui/{execution}` | AG-UI: joins a run |
//! | `GET stats` | [`EventBus::stats`](bus_core::EventBus::stats) |
//! | `GET catalogue` | the kinds and their fields |
//! | `GET /` | the monitor, a page of the events (feature `monitor`) |

mod access;
pub mod agui;
mod events;
mod guard;
#[cfg(feature = "monitor")]
mod monitor;
mod reply;
mod server;
mod shared;
mod web;

pub use access::Access;
pub use server::{Dev, Server, dev};
pub use web::{Web, web};

/// The code in the README of this package is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
