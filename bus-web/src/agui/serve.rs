//! The requests: a new run, a run that goes on, and one that is joined.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::extract::{Path, RawQuery, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::{Extension, body::Bytes};
use bus_core::filter::Field;
use bus_core::{AnyEvent, Emitter, Execution, Filter, NoNode, Since};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use super::agent::{AgentRun, start};
use super::body::Follower;
use super::ids::execution_of;
use super::input::RunInput;
use super::mapper::{Mapper, Settings};
use crate::access::Caller;
use crate::reply::line;
use crate::shared::Shared;

/// The attribute that has the thread of a run.
const THREAD: &str = "thread_id";

/// How long an execution that nobody knows is waited for, unless the request says so.
const WAIT: Duration = Duration::from_secs(10);

/// The longest wait that a request may ask for.
const MAX_WAIT: u64 = 60;

/// How long the next event of the past may take.
const PAST: Duration = Duration::from_secs(10);

type Answer = Result<Response, Box<Response>>;

#[expect(clippy::unnecessary_box_returns, reason = "it is the error of results, which are small then")]
fn refuse(status: StatusCode, text: impl AsRef<str>) -> Box<Response> {
    Box::new(line(status, text))
}

/// `POST agui`
pub(super) async fn post_run(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    body: Bytes,
) -> Response {
    run(shared, caller, parts, &body).await.unwrap_or_else(|refused| *refused)
}

async fn run(shared: Arc<Shared>, caller: Caller, parts: Parts, body: &[u8]) -> Answer {
    if shared.agui.agent.is_none() {
        return Err(refuse(
            StatusCode::NOT_FOUND,
            "no agent answers here: set one with `.agent(f)`, or join a run at `agui/{execution}`",
        ));
    }
    let input = read(&parts, body)?;
    if input.resume.is_empty() {
        begin(shared, caller, parts, input).await
    } else {
        resume(shared, caller, parts, input).await
    }
}

fn read(parts: &Parts, body: &[u8]) -> Result<RunInput, Box<Response>> {
    let kind =
        parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be `application/json`"));
    }
    RunInput::from_json(body).map_err(|problem| refuse(StatusCode::BAD_REQUEST, problem))
}

/// A run that nobody asked for before, or one that is joined because the request comes again.
async fn begin(shared: Arc<Shared>, caller: Caller, parts: Parts, input: RunInput) -> Answer {
    let execution = input.run_id.clone();
    let allowed = caller.filter.values(&Field::ExecutionId);
    if !allowed.is_empty() && !allowed.contains(&execution) {
        return Err(refuse(
            StatusCode::FORBIDDEN,
            "this caller sees other executions only, and cannot begin one",
        ));
    }
    let mine = Filter::new().execution(&execution);
    if shared.bus.history().matching(mine).limit(1).collect().is_empty() {
        // Before the call, so that no event of it is missed.
        let mut follower = follower(&shared, &caller, &execution, Since::Now, &input.thread_id, &input.state);
        if let Ok(run) = shared.agui.runs.begin(&execution, &[]) {
            follower.run = Some(run);
            return Ok(call(follower, &caller, parts, input));
        }
    }
    match past(&shared, &caller, &execution, Duration::ZERO, Some(&input)).await {
        Some(follower) => Ok(join(follower, &input.messages)),
        None => Err(refuse(
            StatusCode::CONFLICT,
            format!("the run `{}` exists: send another `runId`", execution.escape_debug()),
        )),
    }
}

/// A run that goes on behind an interrupt.
async fn resume(shared: Arc<Shared>, caller: Caller, parts: Parts, input: RunInput) -> Answer {
    let answers: Vec<String> = input.resume.iter().map(|answer| answer.interrupt_id.clone()).collect();
    let unknown = || refuse(StatusCode::NOT_FOUND, "no execution here waits for an answer to this interrupt");
    let execution = execution_of(&answers[0]).ok_or_else(unknown)?;
    if answers.iter().any(|other| execution_of(other).as_ref() != Some(&execution)) {
        return Err(refuse(
            StatusCode::BAD_REQUEST,
            "`resume` answers interrupts of several executions: send a request for each",
        ));
    }
    let mut follower =
        past(&shared, &caller, &execution, Duration::ZERO, Some(&input)).await.ok_or_else(unknown)?;
    if !answers.iter().any(|answer| follower.mapper.asked(answer)) {
        return Err(unknown());
    }
    if !follower.mapper.interrupt().is_some_and(|interrupt| answers.iter().any(|answer| answer == interrupt))
    {
        // The same answer comes again, and the execution goes on already.
        return Ok(join(follower, &input.messages));
    }
    match shared.agui.runs.begin(&execution, &answers) {
        Ok(run) => {
            follower.run = Some(run);
            Ok(call(follower, &caller, parts, input))
        }
        Err(run) => {
            follower.run = Some(run);
            let mut first = Vec::new();
            follower.mapper.begin(SystemTime::now(), &mut first);
            Ok(follower.answer(&first))
        }
    }
}

/// Begins the run and calls the agent.
fn call(mut follower: Follower, caller: &Caller, parts: Parts, input: RunInput) -> Response {
    let mut first = Vec::new();
    follower.mapper.begin(SystemTime::now(), &mut first);
    let shared = Arc::clone(&follower.shared);
    if let (Some(agent), Some(run)) = (&shared.agui.agent, &follower.run) {
        let agent = Arc::clone(agent);
        let execution = follower.mapper.execution().to_owned();
        let emitter = emitter(&shared, caller, &execution, &input.thread_id);
        let call = AgentRun { input, emitter, parts };
        // In the task, so that a panic before its first await is one of the agent too.
        let running = start(Box::pin(async move { agent(call).await }), Arc::clone(run));
        follower.agent = shared.agui.ends_with_request.then_some(running);
    }
    follower.answer(&first)
}

/// The events of a run have all that the filter of its caller asks for.
fn emitter(shared: &Shared, caller: &Caller, execution: &str, thread: &str) -> Emitter<NoNode, Execution> {
    let one = |field: &Field| caller.filter.values(field).first().cloned();
    let stream = one(&Field::StreamId).unwrap_or_else(|| "agui".to_owned());
    let mut emitter = shared.bus.stream(stream).attribute(THREAD, thread);
    for (field, values) in caller.filter.fields() {
        if let (Field::Attribute(name), Some(value)) = (field, values.first()) {
            emitter = emitter.attribute(name, value);
        }
    }
    emitter.maybe_correlation(one(&Field::CorrelationId)).execution(execution)
}

/// The parameters of a request that joins.
struct Asked {
    /// How long an unknown execution is waited for: `10s`.
    wait: Duration,
    /// The thread that the events are sent for.
    thread: Option<String>,
}

impl Asked {
    fn read(query: Option<&str>) -> Result<Self, Box<Response>> {
        let mut asked = Self { wait: WAIT, thread: None };
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "wait" => asked.wait = seconds(&value)?,
                "threadId" => asked.thread = Some(value.into_owned()),
                _ => {
                    let text =
                        format!("`{}` is no parameter here: use `wait` or `threadId`", name.escape_debug());
                    return Err(refuse(StatusCode::BAD_REQUEST, text));
                }
            }
        }
        Ok(asked)
    }
}

fn seconds(text: &str) -> Result<Duration, Box<Response>> {
    match text.strip_suffix('s').unwrap_or(text).parse() {
        Ok(seconds) if seconds <= MAX_WAIT => Ok(Duration::from_secs(seconds)),
        _ => Err(refuse(
            StatusCode::BAD_REQUEST,
            format!("`wait` must be seconds, at most {MAX_WAIT}, such as `10s`"),
        )),
    }
}

/// `GET agui/{execution}`
pub(super) async fn get_run(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Path(execution): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let joined = async {
        let asked = Asked::read(query.as_deref())?;
        joined(&shared, &caller, &execution, asked.wait, asked.thread, None).await
    };
    joined.await.unwrap_or_else(|refused| *refused)
}

/// `POST agui/{execution}`: what a client of AG-UI sends, whatever its address.
pub(super) async fn post_join(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Path(execution): Path<String>,
    parts: Parts,
    body: Bytes,
) -> Response {
    let joined = async {
        let input = read(&parts, &body)?;
        joined(&shared, &caller, &execution, WAIT, None, Some(input)).await
    };
    joined.await.unwrap_or_else(|refused| *refused)
}

async fn joined(
    shared: &Arc<Shared>,
    caller: &Caller,
    execution: &str,
    wait: Duration,
    thread: Option<String>,
    input: Option<RunInput>,
) -> Answer {
    let follower = past(shared, caller, execution, wait, input.as_ref()).await;
    let mut follower = follower.ok_or_else(|| {
        refuse(
            StatusCode::NOT_FOUND,
            format!("no event of the execution `{}` came", execution.escape_debug()),
        )
    })?;
    if let Some(thread) = thread {
        follower.mapper.set_thread(thread);
    }
    Ok(join(follower, input.as_ref().map_or(&[], |input| &input.messages)))
}

fn join(mut follower: Follower, sent: &[Value]) -> Response {
    let first = follower.mapper.join(sent, SystemTime::now());
    follower.answer(&first)
}

/// Reads the execution up to now; `None` if no event of it comes in time, and this server does not
/// know it.
async fn past(
    shared: &Arc<Shared>,
    caller: &Caller,
    execution: &str,
    wait: Duration,
    input: Option<&RunInput>,
) -> Option<Follower> {
    let thread = input.map_or(execution, |input| &input.thread_id);
    let state = input.map_or(&Value::Null, |input| &input.state);
    let mut follower = follower(shared, caller, execution, Since::Beginning, thread, state);
    follower.run = shared.agui.runs.get(execution);
    // Nobody may learn from it that an execution exists which the caller may not see.
    let is_ours = follower.run.is_some() && caller.filter.is_empty();
    let mut ignored = Vec::new();
    let deadline = Instant::now() + wait;
    loop {
        let is_caught_up = follower.events.is_caught_up();
        if is_caught_up && (follower.mapper.is_known() || is_ours) {
            break;
        }
        let live = follower.events.caught_up();
        let next = follower.events.recv();
        let item = if is_caught_up {
            timeout_at(deadline, next).await.ok().flatten()
        } else {
            // The past comes to its end without a limit of time, unless the store stops.
            tokio::select! {
                biased;
                () = live => continue,
                item = next => item,
                () = sleep(PAST) => None,
            }
        };
        let Some(item) = item else { break };
        if let (Ok(event), None) = (&item, input) {
            follower.mapper.set_thread(thread_of(event, execution));
        }
        follower.take(item, &mut ignored);
    }
    // The next run has begun where the answer is here, also before its first event.
    while let Some(run) = &follower.run
        && follower.mapper.interrupt().is_some_and(|interrupt| run.has_answered(interrupt))
    {
        follower.mapper.begin(SystemTime::now(), &mut ignored);
    }
    (follower.mapper.is_known() || is_ours).then_some(follower)
}

fn thread_of(event: &AnyEvent, execution: &str) -> String {
    event.attribute(THREAD).unwrap_or(execution).to_owned()
}

/// A reader of one execution, narrowed to what the caller may see.
fn follower(
    shared: &Arc<Shared>,
    caller: &Caller,
    execution: &str,
    since: Since,
    thread: &str,
    state: &Value,
) -> Follower {
    let subscribe = shared.bus.subscribe_any().name("bus_web agui").matching(caller.filter.clone());
    let subscribe = subscribe.matching(Filter::new().execution(execution)).since(since).accept_redacted();
    let events = subscribe.into_stream().with_gaps();
    let settings = Settings::new(thread, execution).state(state.clone());
    let settings = match &shared.agui.prefix {
        Some(prefix) => settings.prefix(prefix),
        None => settings,
    };
    Follower { shared: Arc::clone(shared), events, mapper: Mapper::new(settings), run: None, agent: None }
}
