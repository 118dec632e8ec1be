//! One mistake of each kind; code that uses the valid parts gets no error: 14 errors.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
#[events(prefx = "build.")]
pub enum BuildEvents {
    #[event(requires(stream), ends_with(TargetFinshed))]
    TargetStarted { target: &'static str },
    #[event(crit, kind = "Target-Finished")]
    TargetFinished {
        target: String,
        #[event(transient)]
        warnings: u32,
    },
    #[event(alias("linked"), version = 0)]
    TargetLinked(String),
    #[event(kind = "linked", coalesce(percnt))]
    TargetProgressed { percent: u8, send: Option<bool> },
    #[serde(rename = "gone")]
    TargetGone,
    Vec { all: Vec<u8> },
}

fn main() {
    let build = EventBus::new().stream("build");
    build.emit_target_started("app").send();
    build.emit_target_finished("app", 4).send();
    build.emit_target_linked("app").send();
    build.emit_target_progressed(50).send();
    build.emit_target_gone().send();
    build.emit_vec(vec![1]).send();
}
