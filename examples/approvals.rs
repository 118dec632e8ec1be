//! A gate before each tool call: an interceptor that refuses, and handlers that are asked.

use std::time::Duration;

use bus_core::{AgentEvent, BoxError, Draft, EventBus};

/// The answer of a person or of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Allow,
    Deny,
}

/// The events of an agent with tools.
#[derive(AgentEvent)]
enum AgentToolEvents {
    /// The agent wants to call a tool. Handlers answer whether it may.
    #[event(requires(execution), reply = Decision)]
    ToolRequested {
        /// The tool.
        tool: String,
        /// Why the agent wants it.
        reason: Option<String>,
    },
}

/// A rule without exceptions: such a request does not even reach those who are asked.
fn never_format(event: &mut Draft<'_>) -> Result<(), BoxError> {
    event.set_attribute("policy", "2026-11");
    match event.payload::<ToolRequested>() {
        Some(request) if request.tool == "mkfs" => Err("no agent formats a disk".into()),
        _ => Ok(()),
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let bus = EventBus::builder().intercept(never_format).build()?;
    let run = bus.stream("agent").execution("exec-1");

    // Nobody is there to answer: that is an error, not a silent yes.
    match run.emit_tool_requested("ls").first_reply().await {
        Ok(decision) => println!("ls: {:?}", *decision),
        Err(error) => println!("ls: {error}"),
    }

    let _rules = bus
        .subscribe::<ToolRequested>()
        .name("rules")
        .reply_sync(|event| if event.tool == "rm" { Decision::Deny } else { Decision::Allow });
    let _person = bus.subscribe::<ToolRequested>().name("person").reply(async |event| {
        // A real one reads the reason and presses a key.
        tokio::time::sleep(Duration::from_millis(5)).await;
        if event.reason.is_some() { Decision::Allow } else { Decision::Deny }
    });

    // All must agree, and an approver that failed has not agreed.
    for (tool, reason) in [("grep", "to find a word"), ("rm", "to make space"), ("mkfs", "to begin anew")] {
        let request = run.emit_tool_requested(tool).reason(reason);
        match request.replies().timeout(Duration::from_secs(5)).await {
            Ok(replies) => {
                let allowed =
                    replies.receipt().is_ok() && replies.iter().all(|reply| **reply == Decision::Allow);
                let said: Vec<_> =
                    replies.iter().map(|reply| format!("{} {:?}", reply.name(), **reply)).collect();
                println!("{tool}: {} ({})", if allowed { "runs" } else { "does not run" }, said.join(", "));
            }
            Err(error) => println!("{tool}: {error}"),
        }
    }
    Ok(())
}
