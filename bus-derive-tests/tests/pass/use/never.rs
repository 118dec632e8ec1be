//! A handler that is not written yet, or that no event may reach.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String },
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let bus = EventBus::new();
    bus.subscribe::<TargetStarted>().stream("none").handle_sync(|_| panic!("reached")).detach();
    bus.subscribe::<TargetStarted>().stream("none").handle_sync(|_| todo!()).detach();
    bus.subscribe::<TargetStarted>().stream("none").handle(|_| async { unimplemented!() }).detach();
    bus.subscribe::<TargetStarted>().handle(async |event| unreachable!("{}", event.target)).detach();
    let receipt = bus.stream("build").emit_target_started("app").await;
    assert_eq!(receipt.problems().len(), 1);
}
