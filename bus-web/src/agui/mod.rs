//! AG-UI: executions as runs, for user interfaces of agents.
//!
//! `POST agui` takes the request of a client, calls the [agent](crate::Web::agent), and answers
//! with the events of its execution until the one that ends the run. `GET agui/{execution}`, or
//! `POST` with the same request, joins a run wherever it is. The bodies are what the clients 0.0.59
//! and 1.0 both accept. `docs/ag-ui.md` says how to connect which client.
//!
//! [`Mapper`] is the mapping without a server: for an export, for another protocol.

mod agent;
mod body;
mod event;
mod ids;
mod input;
mod mapper;
mod meaning;
mod messages;
mod serve;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use bus_core::{AnyEvent, BoxError};

use crate::shared::Shared;
use crate::web::Web;

pub use agent::AgentRun;
pub use event::{AguiEvent, Body, Interrupt, Outcome};
pub use input::{Answer, RunInput};
pub use mapper::{Mapper, Settings};
pub use meaning::Meaning;

pub(crate) use agent::Agui;

/// Returns the routes of AG-UI.
pub(crate) fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/agui", post(serve::post_run))
        .route("/agui/{execution}", get(serve::get_run).post(serve::post_join))
        .with_state(Arc::clone(shared))
}

impl Web {
    /// Sets the function that answers requests of AG-UI clients at `POST agui`.
    ///
    /// It is called after the subscription is made, so no event of it is missed, and emits with the
    /// emitter that it gets. The run ends with the event that ends or pauses its execution. If the
    /// function returns before, fails or panics, the run ends with one `RUN_ERROR`, which has the
    /// text of the error. A request that comes again joins the run and does not call it again.
    ///
    /// If the client goes away, the function goes on, and the run can be joined, unless
    /// [`agent_ends_with_request`](Self::agent_ends_with_request) is set. The function runs as a
    /// task of the tokio runtime that serves the request.
    ///
    /// ```
    /// use bus_agent::AgentEventsEmit;
    /// use bus_web::Access;
    ///
    /// let bus = bus_core::EventBus::new();
    /// let web = bus_web::web(&bus, Access::loopback()).agent(async |run| {
    ///     let question = run.input.question().ok_or("no question")?;
    ///     run.emitter.emit_execution_started().await;
    ///     let answer = format!("You said: {question}");
    ///     run.emitter.node("echo").emit_client_output_delta(&answer, &answer).await;
    ///     run.emitter.emit_execution_completed().await;
    ///     Ok(())
    /// });
    /// # let _ = web;
    /// ```
    pub fn agent<F, Fut>(mut self, agent: F) -> Self
    where
        F: Fn(AgentRun) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let agent = Arc::new(agent);
        self.shared.agui.agent = Some(Arc::new(move |run| {
            let agent = Arc::clone(&agent);
            // Called in the task, so that a panic before its first await is caught there too.
            Box::pin(async move { agent(run).await })
        }));
        self
    }

    /// Ends the task of the agent when the client that asked goes away.
    pub fn agent_ends_with_request(mut self) -> Self {
        self.shared.agui.ends_with_request = true;
        self
    }

    /// Sets the meaning of your own kinds for AG-UI; `None` is the meaning that a kind has anyway.
    ///
    /// ```
    /// use bus_web::{Access, agui::Meaning};
    ///
    /// let bus = bus_core::EventBus::new();
    /// let web = bus_web::web(&bus, Access::loopback()).agui_map(|event| match event.kind() {
    ///     "desk.sentence" => Some(Meaning::Text {
    ///         content: event.data()["text"].as_str()?.to_owned(),
    ///         snapshot: None,
    ///     }),
    ///     "desk.internal" => Some(Meaning::Nothing),
    ///     _ => None,
    /// });
    /// # let _ = web;
    /// ```
    pub fn agui_map(mut self, map: impl Fn(&AnyEvent) -> Option<Meaning> + Send + Sync + 'static) -> Self {
        self.shared.agui.map = Some(Arc::new(map));
        self
    }

    /// Sets the beginning of the names of custom events: `bus` unless set, as in
    /// `bus.judge_verdict`.
    pub fn agui_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.shared.agui.prefix = Some(prefix.into());
        self
    }
}
