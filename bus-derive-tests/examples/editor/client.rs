//! The part of the language server protocol that is needed: framed JSON over the server's standard
//! input and output.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// A position in the open file, line and column from 0.
pub(crate) struct Place {
    pub(crate) line: u64,
    column: usize,
}

/// A running server with one file.
pub(crate) struct Client {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    next: u64,
    file: String,
}

impl Client {
    pub(crate) fn start(folder: &Path) -> Fallible<Self> {
        let mut server = Command::new("rust-analyzer")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| {
                format!("rust-analyzer: {error}; `rustup component add rust-analyzer rust-src` installs it")
            })?;
        let input = server.stdin.take().ok_or("no standard input")?;
        let output = BufReader::new(server.stdout.take().ok_or("no standard output")?);
        let mut client = Self { server, input, output, next: 0, file: String::new() };
        client.request(
            "initialize",
            &json!({
                "processId": null,
                "rootUri": uri(folder),
                "capabilities": {
                    "experimental": { "serverStatusNotification": true },
                    "textDocument": { "hover": { "contentFormat": ["markdown"] } },
                },
                "initializationOptions": { "checkOnSave": false, "procMacro": { "enable": true } },
            }),
        )?;
        client.notify("initialized", &json!({}))?;
        Ok(client)
    }

    /// Opens a file with this text, waits until the server has loaded everything, and returns the
    /// marked positions.
    pub(crate) fn open(&mut self, path: &Path, marked: &str) -> Fallible<HashMap<String, Place>> {
        let (text, places) = unmark(marked);
        self.file = uri(path);
        let file = json!({ "uri": self.file, "languageId": "rust", "version": 1, "text": text });
        self.notify("textDocument/didOpen", &json!({ "textDocument": file }))?;
        self.wait_until_quiet()?;
        Ok(places)
    }

    /// Replaces the text of the open file.
    pub(crate) fn change(&mut self, path: &Path, marked: &str) -> Fallible<HashMap<String, Place>> {
        let (text, places) = unmark(marked);
        let file = json!({ "uri": uri(path), "version": 2 });
        self.notify(
            "textDocument/didChange",
            &json!({ "textDocument": file, "contentChanges": [{ "text": text }] }),
        )?;
        Ok(places)
    }

    /// Returns the server's answer about a position.
    pub(crate) fn ask(&mut self, method: &str, place: &Place) -> Fallible<Value> {
        let position = json!({ "line": place.line, "character": place.column });
        let file = json!({ "uri": self.file });
        self.request(method, &json!({ "textDocument": file, "position": position }))
    }

    pub(crate) fn stop(mut self) -> Fallible<()> {
        self.request("shutdown", &Value::Null)?;
        self.notify("exit", &Value::Null)?;
        self.server.wait()?;
        Ok(())
    }

    fn wait_until_quiet(&mut self) -> Fallible<()> {
        loop {
            let message = self.read()?;
            if message["method"] == "experimental/serverStatus" && message["params"]["quiescent"] == true {
                let health = &message["params"]["health"];
                return if health == "ok" { Ok(()) } else { Err(message["params"].to_string().into()) };
            }
        }
    }

    fn request(&mut self, method: &str, params: &Value) -> Fallible<Value> {
        self.next += 1;
        let id = self.next;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        loop {
            let mut message = self.read()?;
            if message["id"] == id && message["method"].is_null() {
                return match message.get("error") {
                    // The text changed while the server worked: ask again.
                    Some(error) if error["code"] == -32801 => self.request(method, params),
                    Some(error) => Err(format!("{method}: {error}").into()),
                    None => Ok(message["result"].take()),
                };
            }
        }
    }

    fn notify(&mut self, method: &str, params: &Value) -> Fallible<()> {
        self.write(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    fn write(&mut self, message: &Value) -> Fallible<()> {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len())?;
        Ok(self.input.flush()?)
    }

    /// The next message; a request of the server gets an empty answer.
    fn read(&mut self) -> Fallible<Value> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line)? == 0 {
                return Err("rust-analyzer ended".into());
            }
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body)?;
        let message: Value = serde_json::from_slice(&body)?;
        if !message["id"].is_null() && !message["method"].is_null() {
            self.write(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": null }))?;
        }
        Ok(message)
    }
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// Removes the marks from a text and returns their positions.
fn unmark(marked: &str) -> (String, HashMap<String, Place>) {
    let mut places = HashMap::new();
    let mut text = String::new();
    for (line, content) in (0..).zip(marked.lines()) {
        let mut rest = content;
        let mut plain = String::new();
        while let Some((before, (name, after))) =
            rest.split_once('⟦').and_then(|(before, rest)| Some((before, rest.split_once('⟧')?)))
        {
            plain.push_str(before);
            places.insert(name.to_owned(), Place { line, column: plain.encode_utf16().count() });
            rest = after;
        }
        text.push_str(&plain);
        text.push_str(rest);
        text.push('\n');
    }
    (text, places)
}
