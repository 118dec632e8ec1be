//! A client that shows each byte of an answer.

use std::net::SocketAddr;

use bus_core::EventBus;
use bus_web::{Access, Server};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Serves a bus to callers on this machine.
pub(crate) async fn serve(bus: &EventBus) -> Server {
    bus_web::web(bus, Access::loopback()).serve("127.0.0.1:0").await.unwrap()
}

/// An answer whose body is still to be read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    body: BufReader<TcpStream>,
}

/// A frame of server-sent events.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Frame {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) data: String,
    pub(crate) retry: String,
}

impl Frame {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

/// Sends a request. HTTP/1.0 has no chunks, and the connection is closed behind the answer.
pub(crate) async fn send(address: SocketAddr, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut text = format!("{line} HTTP/1.0\r\n");
    for (name, value) in [("host", address.to_string()), ("content-length", body.len().to_string())] {
        if !headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name)) {
            text = format!("{text}{name}: {value}\r\n");
        }
    }
    for (name, value) in headers {
        text = format!("{text}{name}: {value}\r\n");
    }
    stream.write_all(format!("{text}\r\n{body}").as_bytes()).await.unwrap();
    let mut body = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(body.read_line(&mut head).await.unwrap() > 0, "no whole head: {head}");
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body }
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    send(address, &format!("GET {path}"), &[], "").await
}

/// Connects again behind a frame.
pub(crate) async fn again(address: SocketAddr, path: &str, last: &str) -> Answer {
    send(address, &format!("GET {path}"), &[("Last-Event-ID", last)], "").await
}

/// The whole body as JSON.
pub(crate) async fn json(address: SocketAddr, path: &str) -> serde_json::Value {
    let answer = get(address, path).await;
    let status = answer.status;
    let text = answer.text().await;
    assert_eq!(status, 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

impl Answer {
    /// The rest of the body.
    pub(crate) async fn text(mut self) -> String {
        let mut text = String::new();
        self.body.read_to_string(&mut text).await.unwrap();
        text
    }

    /// The next line, comments too; `None` at the end of the body.
    pub(crate) async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        (self.body.read_line(&mut line).await.unwrap() > 0).then(|| line.trim_end_matches('\n').to_owned())
    }

    /// The next frame; `None` at the end of the body. A part of a frame at the end counts for
    /// nothing, as for browsers.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        let mut frame = Frame::default();
        loop {
            let line = self.line().await?;
            match line.split_once(": ") {
                Some(("id", value)) => value.clone_into(&mut frame.id),
                Some(("event", value)) => value.clone_into(&mut frame.event),
                Some(("data", value)) => value.clone_into(&mut frame.data),
                Some(("retry", value)) => value.clone_into(&mut frame.retry),
                Some(("", _)) => {}
                _ if line.is_empty() => return Some(frame),
                _ => panic!("no line of a frame: {line}"),
            }
        }
    }

    /// The frames until the end of the body.
    pub(crate) async fn frames(mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.frame().await {
            frames.push(frame);
        }
        frames
    }

    /// The frames up to the one with this name.
    pub(crate) async fn until(&mut self, name: &str) -> Vec<Frame> {
        let mut frames = Vec::new();
        loop {
            let frame = self.frame().await.unwrap_or_else(|| panic!("no frame `{name}` in {frames:?}"));
            let is_it = frame.event == name;
            frames.push(frame);
            if is_it {
                return frames;
            }
        }
    }

    /// So many bytes, or fewer at the end of the body.
    pub(crate) async fn bytes(&mut self, most: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        (&mut self.body).take(most as u64).read_to_end(&mut bytes).await.unwrap();
        bytes
    }
}
