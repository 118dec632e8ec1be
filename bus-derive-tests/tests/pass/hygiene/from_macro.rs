//! A definition that a macro of the user's writes.

macro_rules! events {
    ($name:ident { $($event:ident { $($field:ident: $ty:ty),* })* }) => {
        #[derive(bus_core::AgentEvent)]
        pub enum $name {
            $($event { $($field: $ty),* },)*
            #[event(ends_with(FixedEnded, by(reason)))]
            FixedAdded { reason: String, times: Option<u32> },
            FixedEnded { reason: String },
        }
    };
}

events! {
    BuildEvents {
        TargetStarted { target: String, memory: Option<u64> }
        TargetFinished { target: String }
    }
}

fn main() {
    let stream = bus_core::EventBus::new().stream("build");
    stream.emit_target_started("app").memory(1).send();
    stream.emit_fixed_added("why").times(2).send();
}
