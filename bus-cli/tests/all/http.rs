//! A bus that is served over HTTP as a source.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use crate::support::{bus, line};

/// The head of an answer with events.
const EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

const LIVE: &str = "event: live\ndata: {}\n\n";

/// A server that gives one answer to each connection, closes it, and keeps what it was asked.
struct Server {
    address: String,
    asked: JoinHandle<Vec<Vec<String>>>,
}

impl Server {
    fn start(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/bus", listener.local_addr().unwrap());
        let asked = std::thread::spawn(move || {
            answers.into_iter().map(|answer| serve(listener.accept().unwrap().0, &answer)).collect()
        });
        Self { address, asked }
    }

    /// The lines of each request, when all were answered.
    fn asked(self) -> Vec<Vec<String>> {
        self.asked.join().unwrap()
    }
}

fn serve(mut stream: TcpStream, answer: &str) -> Vec<String> {
    let lines = BufReader::new(&stream).lines().map(Result::unwrap);
    let asked = lines.take_while(|line| !line.is_empty()).collect();
    // A client that has what it wants may be gone.
    let _ = stream.write_all(answer.as_bytes());
    asked
}

/// The line of an event, and its frame.
fn event(second: u32) -> (String, String) {
    let line = line("asked", second, "exec-a", "{}");
    let frame = format!("id: 00c0ffee00c0ffee-{second}\ndata: {line}\n");
    (line, frame)
}

#[test]
fn the_past_of_a_served_bus_is_read_with_its_gaps() {
    let ((one, first), (two, second)) = (event(1), event(5));
    let gap = r#"{"missed":3,"from":"00c0ffee00c0ffee-2","to":"00c0ffee00c0ffee-4","cause":"retention"}"#;
    let frames = format!("{EVENTS}: hello\nretry: 1000\n{first}event: gap\ndata: {gap}\n\n{second}{LIVE}");
    let server = Server::start(vec![frames.clone(); 3]);
    let ran = bus(&["log", &server.address, "kind:asked", "-node:x"], "");
    let shown =
        r#"{"gap":{"cause":"retention","events":3,"from":"00c0ffee00c0ffee-2","to":"00c0ffee00c0ffee-4"}}"#;
    assert_eq!((ran.code, ran.out, ran.err), (3, format!("{one}{shown}\n{two}"), String::new()));
    let ran = bus(&["log", &server.address, "--width", "100", "-n", "1"], "");
    let rows: Vec<_> = ran.out.lines().collect();
    assert!(rows.len() == 2 && rows[0].starts_with("! 3 events are missing from "), "{}", ran.out);
    let ran = bus(&["show", &format!("{}#token=0123456789abcdef", server.address), "00c0ffee00c0ffee-5"], "");
    assert_eq!((ran.code, ran.out), (0, two));
    let asked = server.asked();
    assert_eq!(asked[0][0], "GET /bus/events?since=beginning&q=kind%3Aasked+-node%3Ax HTTP/1.1");
    assert_eq!(asked[1][0], "GET /bus/events?since=beginning HTTP/1.1");
    assert!(asked[2].contains(&"authorization: Bearer 0123456789abcdef".to_owned()), "{:?}", asked[2]);
}

#[test]
fn a_lost_connection_goes_on_behind_the_last_event() {
    let ((one, first), (two, second)) = (event(1), event(2));
    // The second event is cut in the middle.
    let cut = format!("{EVENTS}{first}{}", &second[..40]);
    let server = Server::start(vec![cut, format!("{EVENTS}{second}{LIVE}")]);
    let ran = bus(&["log", &server.address], "");
    assert_eq!((ran.code, ran.out), (0, one + &two));
    assert!(ran.err.contains("was lost, and is tried again: "), "{}", ran.err);
    let asked = server.asked();
    assert!(asked[1].contains(&"last-event-id: 00c0ffee00c0ffee-1".to_owned()), "{:?}", asked[1]);
}

#[test]
fn an_answer_that_is_no_events_is_one_line_and_a_code() {
    let answer = |status: &str, kind: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    };
    for (answer, code, says) in [
        (
            answer("401 Unauthorized", "text/plain", "a token is needed\n"),
            4,
            "refuses with 401: a token is needed",
        ),
        (answer("200 OK", "text/html", "<p>"), 4, "it sends text/html, not events: "),
        (
            answer("404 Not Found", "text/plain", "no execution `x` is known\n"),
            1,
            "! no execution `x` is known",
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), 1, ""),
    ] {
        let server = Server::start(vec![answer]);
        let ran = bus(&["log", &server.address, "execution:x"], "");
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{says}: {}", ran.err);
        assert!(ran.err.contains(says) && ran.err.lines().count() <= 1, "{says}: {}", ran.err);
        server.asked();
    }
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = bus(&["log", &format!("http://{address}/")], "");
    assert_eq!((ran.code, ran.err.lines().count()), (4, 1), "{}", ran.err);
    assert!(ran.err.contains("` cannot be read: "), "{}", ran.err);
}

/// It is followed until it is stopped, also over connections that end.
#[cfg(unix)]
#[test]
fn a_served_bus_is_followed() {
    let ((one, first), (two, second)) = (event(1), event(2));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let mut follower = crate::follow::Follower::start(address.as_ref(), &[]);
    serve(listener.accept().unwrap().0, &format!("{EVENTS}{LIVE}{first}"));
    assert_eq!(follower.line(), one);
    let (mut stream, _) = listener.accept().unwrap();
    assert!(serve(stream.try_clone().unwrap(), EVENTS).iter().any(|line| line.ends_with("c0ffee-1")));
    stream.write_all(second.as_bytes()).unwrap();
    assert_eq!(follower.line(), two, "before anything comes behind it");
    assert_eq!(follower.stop(), (Some(130), String::new()));
}
