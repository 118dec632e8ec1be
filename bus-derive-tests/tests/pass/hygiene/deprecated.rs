//! A deprecated event or definition warns where it is used and nowhere else.
#![deny(warnings)]

mod events {
    #[derive(bus_core::AgentEvent)]
    pub enum BuildEvents {
        #[event(requires(node))]
        #[deprecated(since = "2.0.0", note = "use `TargetStarted`")]
        TargetBegun {
            target: String,
            #[event(default = 1)]
            jobs: u32,
            memory: Option<u64>,
        },
        #[deprecated]
        TargetGone,
        TargetStarted { target: String },
    }
}

/// A deprecated definition: all its events are.
mod old {
    #[derive(bus_core::AgentEvent)]
    #[deprecated(note = "use `BuildEvents`")]
    pub enum MakeEvents {
        RuleStarted { rule: String, jobs: Option<u32> },
        #[deprecated(note = "use `TargetStarted`")]
        RuleEnded,
    }
}

use bus_core::AgentEvent;

fn main() {
    #[allow(deprecated)]
    let made: Vec<_> = old::MakeEvents::EVENTS.iter().map(|event| event.deprecated).collect();
    assert_eq!(made, [Some("use `BuildEvents`"), Some("use `TargetStarted`")]);
    let begun = events::BuildEvents::EVENTS[0];
    assert_eq!(begun.deprecated, Some("use `TargetStarted`"));
    assert_eq!(events::BuildEvents::EVENTS[1].deprecated, Some(""));
    assert_eq!(events::BuildEvents::EVENTS[2].deprecated, None);
}
