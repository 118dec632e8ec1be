//! The part of HTTP that the desk needs: one request, one response read as it arrives, no TLS.

use std::error::Error;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, Uri, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::LlmError;

/// The time limit of a connection attempt.
const CONNECT: Duration = Duration::from_secs(10);
/// The time limit until the first byte of the response.
const ANSWER: Duration = Duration::from_mins(5);
/// The most bytes read of a response that is not a stream.
const MOST: usize = 1 << 20;

/// The address of an endpoint.
pub(crate) struct Endpoint {
    url: String,
    host: String,
    port: u16,
    base: String,
    key: Option<String>,
}

impl Endpoint {
    /// Parses `http://host[:port][/base]`; without a base it is the customary `/v1`.
    pub(crate) fn parse(url: &str) -> Result<Self, LlmError> {
        let wrong = |problem: &str| LlmError::Address(format!("--llm {url}: {problem}"));
        let uri: Uri = url.parse().map_err(|_| wrong("not a URL: write it as http://127.0.0.1:11434/v1"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err(wrong("https is not spoken here: put a local http gateway in front of it"));
            }
            _ => return Err(wrong("write it as http://127.0.0.1:11434/v1")),
        }
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| wrong("no host in it"))?;
        let path = uri.path().trim_end_matches('/').trim_end_matches("/chat/completions");
        Ok(Self {
            url: url.to_owned(),
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(80),
            base: if path.is_empty() { "/v1".into() } else { path.into() },
            key: std::env::var("OPENAI_API_KEY").ok().filter(|key| !key.is_empty()),
        })
    }

    /// Whether the address accepts connections.
    pub(crate) async fn reach(&self) -> Result<(), LlmError> {
        self.connect().await.map(drop)
    }

    /// One JSON document.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, LlmError> {
        let response = self.send(Method::GET, path, String::new()).await?;
        let body = whole(response).await;
        serde_json::from_str(&body).map_err(|error| LlmError::Bad(format!("{path} is no JSON: {error}")))
    }

    /// The response to a JSON document. Any status but success is an error with the endpoint's own
    /// text.
    pub(crate) async fn post(&self, path: &str, body: String) -> Result<Response<Incoming>, LlmError> {
        self.send(Method::POST, path, body).await
    }

    async fn send(&self, method: Method, path: &str, body: String) -> Result<Response<Incoming>, LlmError> {
        let stream = TokioIo::new(self.connect().await?);
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(stream).await.map_err(|error| self.broken(&error))?;
        // The connection task reads and writes; the response sees its errors too.
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}/{path}", self.base))
            .header(header::HOST, format!("{}:{}", self.host, self.port))
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = &self.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| LlmError::Address(format!("{}: {error}", self.url)))?;
        let response = timeout(ANSWER, sender.send_request(request))
            .await
            .map_err(|_| self.unreachable("it took too long to answer"))?
            .map_err(|error| self.broken(&error))?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }

    async fn connect(&self) -> Result<TcpStream, LlmError> {
        match timeout(CONNECT, TcpStream::connect((self.host.as_str(), self.port))).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(self.unreachable(&error.to_string())),
            Err(_) => Err(self.unreachable("it took too long to connect")),
        }
    }

    fn unreachable(&self, cause: &str) -> LlmError {
        LlmError::Unreachable { url: self.url.clone(), cause: cause.to_owned() }
    }

    fn broken(&self, error: &hyper::Error) -> LlmError {
        let cause = error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        self.unreachable(&cause)
    }
}

async fn refusal(response: Response<Incoming>) -> LlmError {
    let status = response.status().as_u16();
    let body = whole(response).await;
    let parsed: Value = serde_json::from_str(&body).unwrap_or_default();
    let message = parsed["error"]["message"].as_str().or(parsed["error"].as_str()).unwrap_or(&body);
    let says: String = message.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
    LlmError::Refused { status, says: if says.is_empty() { "(nothing more)".into() } else { says } }
}

async fn whole(response: Response<Incoming>) -> String {
    let body = Limited::new(response.into_body(), MOST).collect().await;
    body.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_understood_as_people_write_them() {
        for (url, host, port, base) in [
            ("http://127.0.0.1:11434", "127.0.0.1", 11434, "/v1"),
            ("http://localhost:8000/v1/", "localhost", 8000, "/v1"),
            ("http://gate/api/v1/chat/completions", "gate", 80, "/api/v1"),
            ("http://[::1]:9/v1", "::1", 9, "/v1"),
        ] {
            let endpoint = Endpoint::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!((&*endpoint.host, endpoint.port, &*endpoint.base), (host, port, base), "{url}");
        }
    }

    #[test]
    fn other_addresses_are_refused_with_the_fix() {
        for (url, says) in [
            ("localhost:11434", "write it as http://"),
            ("127.0.0.1", "write it as http://"),
            ("https://example.org/v1", "local http gateway"),
            ("http://", "write it as http://"),
            ("no url at all", "not a URL"),
        ] {
            let error = Endpoint::parse(url).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(says), "{url}: {error}");
        }
    }
}
