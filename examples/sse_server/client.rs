//! A reader whose connection breaks from time to time, like that of a page on a train.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A received event: its id and its JSON.
pub(crate) struct Frame {
    pub(crate) id: String,
    pub(crate) data: String,
}

/// Starts an execution. Returns its id.
pub(crate) async fn start(server: &str, text: &str) -> Result<String, Failure> {
    let request = Request::post("/executions").body(Full::from(text.to_owned()))?;
    let body = send(server, request).await?.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(body.to_vec())?)
}

/// Follows an execution from its first event, or from the one behind `last`; disconnects without
/// notice after `most` events.
pub(crate) async fn follow(
    server: &str,
    execution: &str,
    last: Option<&str>,
    most: usize,
) -> Result<Vec<Frame>, Failure> {
    let request = Request::get(format!("/bus/events?wait=5s&execution={execution}")).header("host", server);
    let request = last.into_iter().fold(request, |request, last| request.header("last-event-id", last));
    let request = request.body(Full::default())?;
    let mut body = send(server, request).await?.into_body();
    let (mut text, mut frames) = (String::new(), Vec::new());
    while frames.len() < most {
        let Some(piece) = body.frame().await else { break };
        text.push_str(std::str::from_utf8(piece?.data_ref().map_or(&[][..], |data| data))?);
        while let Some((frame, rest)) = text.split_once("\n\n") {
            frames.extend(parse(frame));
            text = rest.to_owned();
        }
    }
    frames.truncate(most);
    Ok(frames)
}

/// A frame of server-sent events that is an event; gaps, the end and others have a name.
fn parse(frame: &str) -> Option<Frame> {
    let field = |name: &str| {
        frame.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    if field("event:").is_some() {
        return None;
    }
    Some(Frame { id: field("id:")?, data: field("data:")? })
}

async fn send(server: &str, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Failure> {
    let stream = TokioIo::new(TcpStream::connect(server).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}
