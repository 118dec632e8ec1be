//! Reading and writing the session with serde alone, into hand-written structs, without a bus or
//! subscribers.

use std::rc::Rc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Written;
use crate::measure::Side;

#[derive(Serialize, Deserialize)]
struct Line<D> {
    r#type: String,
    stream_id: String,
    node_id: Option<String>,
    execution_id: Option<String>,
    data: D,
    timestamp: String,
    correlation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    graph_id: Option<String>,
}

macro_rules! data {
    ($($name:ident { $($field:ident: $type:ty),* })*) => {
        $(
            #[derive(Serialize, Deserialize)]
            struct $name { $($field: $type),* }
        )*
    };
}

data! {
    Delta { content: String, snapshot: String }
    Called { tool_use_id: String, tool_name: String, tool_input: Map<String, Value> }
    Answered { tool_use_id: String, tool_name: String, result: String, is_error: bool }
    Started { max_iterations: Option<u64> }
    Iteration { iteration: u64 }
    Completed { iterations: u64 }
    Output { key: String }
    Verdict { action: String, feedback: String, judge_type: String, iteration: u64 }
    Edge { source_node: String, target_node: String, edge_condition: String }
    ExecutionBegun { input: Map<String, Value> }
    ExecutionDone { output: Map<String, Value> }
    StreamBegun { entry_point: String }
    Nothing {}
}

pub(super) fn side(lines: Rc<Vec<String>>) -> Side {
    let mut written = Written::default();
    Side::new("serde, read and written", move |times| {
        for _ in 0..times {
            let out = written.begin();
            for line in lines.iter() {
                pass(line, out).expect("the recording is in order");
                out.push(b'\n');
            }
            written.assert_all(&lines);
        }
    })
}

fn pass(line: &str, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let line: Line<&RawValue> = serde_json::from_str(line)?;
    match line.r#type.as_str() {
        "llm_text_delta" => typed::<Delta>(line, out),
        "tool_call_started" => typed::<Called>(line, out),
        "tool_call_completed" => typed::<Answered>(line, out),
        "node_loop_started" => typed::<Started>(line, out),
        "node_loop_iteration" => typed::<Iteration>(line, out),
        "node_loop_completed" => typed::<Completed>(line, out),
        "output_key_set" => typed::<Output>(line, out),
        "judge_verdict" => typed::<Verdict>(line, out),
        "edge_traversed" => typed::<Edge>(line, out),
        "execution_started" => typed::<ExecutionBegun>(line, out),
        "execution_completed" => typed::<ExecutionDone>(line, out),
        "stream_started" => typed::<StreamBegun>(line, out),
        _ => typed::<Nothing>(line, out),
    }
}

fn typed<'a, D: Serialize + Deserialize<'a>>(
    line: Line<&'a RawValue>,
    out: &mut Vec<u8>,
) -> serde_json::Result<()> {
    let Line { r#type, stream_id, node_id, execution_id, data, timestamp, correlation_id, graph_id } = line;
    let data: D = serde_json::from_str(data.get())?;
    let line = Line { r#type, stream_id, node_id, execution_id, data, timestamp, correlation_id, graph_id };
    serde_json::to_writer(out, &line)
}
