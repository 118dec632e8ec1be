//! The desk on a screen: the monitor in a browser, and further questions from clients of AG-UI.

use std::net::SocketAddr;
use std::sync::Arc;

use bus_agent::AgentEventsEmit as _;
use bus_core::{BoxError, EventBus, object};
use bus_web::agui::AgentRun;
use bus_web::{Access, Server};
use tokio::sync::watch;

use crate::corpus;
use crate::desk::{self, Desk};
use crate::resume::Done;

/// The desk, once its folder is read.
pub(crate) type Opened = watch::Receiver<Option<Arc<Desk>>>;

/// Serves the events to callers on this machine. A question of theirs is an execution like the
/// others.
pub(crate) async fn start(bus: &EventBus, address: SocketAddr, desk: Opened) -> Result<Server, String> {
    let web = bus_web::web(bus, Access::loopback()).agent(move |run| ask(run, desk.clone()));
    web.serve(address).await.map_err(|error| format!("cannot serve on {address}: {error}"))
}

/// Answers the last message of the user.
async fn ask(run: AgentRun, mut desk: Opened) -> Result<(), BoxError> {
    let question = run.input.question().ok_or("there is no message of the user to answer")?;
    corpus::check(&question)?;
    run.emitter.emit_execution_started().input(object! { "question": question.as_str() }).await;
    let desk = desk.wait_for(Option::is_some).await.map_err(|_| "the folder could not be read")?.clone();
    let desk = desk.ok_or("the folder could not be read")?;
    // Its end is an event, and that is the end of the answer.
    let _ = desk::answer(run.emitter, desk, question, Done::default()).await;
    Ok(())
}
