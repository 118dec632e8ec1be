//! One connection to a server of events.

use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::address::Address;

/// How long a server may take to begin its answer: it may wait a minute for an execution.
const BEGIN: Duration = Duration::from_secs(70);

/// The servers of `bus-web` send a comment every four seconds.
const SILENCE: Duration = Duration::from_secs(15);

/// How an answer begins.
pub(super) enum Answer {
    Events(Events),
    /// Nothing is left of what was asked for.
    Over,
    /// The server refuses, with its reason.
    Refused(StatusCode, String),
}

/// The events of an answer, as they come.
pub(super) struct Events {
    body: Incoming,
    silent: Duration,
}

/// The next of an answer.
pub(super) enum Came {
    Bytes(Bytes),
    /// Nothing for so long as was waited.
    Nothing,
}

/// Asks for events, behind the one with this id.
pub(super) async fn ask(address: &Address, path: &str, last: Option<&str>) -> Result<Answer, String> {
    let stream = TcpStream::connect(address.target()).await.map_err(|error| error.to_string())?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    let mut request = Request::get(path).header(HOST, &address.host).header(ACCEPT, "text/event-stream");
    if let Some(token) = &address.token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let answer = timeout(BEGIN, sender.send_request(request)).await.map_err(|_| "no answer".to_owned())?;
    read(answer.map_err(|error| error.to_string())?).await
}

async fn read(answer: Response<Incoming>) -> Result<Answer, String> {
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("nothing");
    match answer.status() {
        StatusCode::OK if kind.starts_with("text/event-stream") => {
            Ok(Answer::Events(Events { body: answer.into_body(), silent: Duration::ZERO }))
        }
        StatusCode::NO_CONTENT => Ok(Answer::Over),
        StatusCode::OK => {
            let text = format!("it sends {kind}, not events: name the address that the bus is served at");
            Ok(Answer::Refused(StatusCode::OK, text))
        }
        status => {
            let body = answer.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
            let text = String::from_utf8_lossy(&body);
            Ok(Answer::Refused(status, text.lines().next().unwrap_or_default().to_owned()))
        }
    }
}

impl Events {
    /// Waits for the next bytes, but not longer than this.
    ///
    /// # Errors
    /// If the connection is lost: it ended, or nothing came for too long.
    pub(super) async fn next(&mut self, wait: Duration) -> Result<Came, String> {
        let Ok(frame) = timeout(wait, self.body.frame()).await else {
            self.silent += wait;
            let lost = self.silent >= SILENCE;
            return if lost { Err("nothing came for 15 seconds".to_owned()) } else { Ok(Came::Nothing) };
        };
        self.silent = Duration::ZERO;
        match frame {
            None => Err("the server ended it".to_owned()),
            Some(Err(error)) => Err(error.to_string()),
            Some(Ok(frame)) => Ok(frame.into_data().map_or(Came::Nothing, Came::Bytes)),
        }
    }
}
