//! Requests whose answer ends with the connection.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;

/// Sends a request with these lines of headers. An answer to HTTP/1.0 is not in chunks, and the
/// connection is closed behind it.
pub(crate) fn send(address: &str, line: &str, headers: &str, body: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(stream, "{line} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
        .unwrap();
    BufReader::new(stream)
}

/// The head and the body.
pub(crate) fn whole(mut answer: BufReader<TcpStream>) -> String {
    let mut text = String::new();
    answer.read_to_string(&mut text).unwrap();
    text
}
