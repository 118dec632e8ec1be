//! A sample execution that streams a text word by word.

use std::time::Duration;

use bus_agent::AgentEventsEmit;
use bus_core::{Emitter, Execution, NoNode, object};

/// About the speed of a model.
const PACE: Duration = Duration::from_millis(2);

/// Streams the text as one execution, from its start to its end.
pub(crate) async fn speak(execution: Emitter<NoNode, Execution>, text: String) {
    execution.emit_execution_started().input(object! { "text": text.as_str() }).await;
    let speaker = execution.node("speaker");
    let mut pace = tokio::time::interval(PACE);
    let mut snapshot = String::new();
    for word in text.split_inclusive(' ') {
        pace.tick().await;
        snapshot.push_str(word);
        speaker.emit_client_output_delta(word, snapshot.as_str()).await;
    }
    execution.emit_execution_completed().output(object! { "words": text.split(' ').count() }).await;
}
