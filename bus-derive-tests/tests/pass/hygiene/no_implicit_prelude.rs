//! Nothing of the prelude is in scope where the events are declared.
#![no_implicit_prelude]

mod events {
    #[derive(::bus_core::AgentEvent)]
    #[events(version = 2, derive(::std::cmp::PartialEq))]
    pub enum BuildEvents {
        #[event(requires(node, execution), ends_with(TargetFinished, by(target)), coalesce(target))]
        TargetStarted {
            target: ::std::string::String,
            #[event(default)]
            args: ::std::vec::Vec<::std::string::String>,
            #[event(default = 4)]
            jobs: u32,
            memory: ::std::option::Option<u64>,
            #[event(redact)]
            token: ::std::string::String,
            #[serde(skip_serializing_if = "::std::option::Option::is_none")]
            note: ::std::option::Option<::std::string::String>,
            #[serde(flatten)]
            rest: ::bus_core::Object,
        },
        #[deprecated(note = "use another")]
        TargetFinished { target: ::std::string::String },
        BuildFinished,
    }
}

fn main() {
    use events::BuildEventsEmit;
    let bus = ::bus_core::EventBus::new();
    let place = bus.stream("build").node("compiler").execution("1");
    place.emit_target_started("app", "t", ::bus_core::object! {}).jobs(2).maybe_memory(::std::option::Option::None).send();
    place.emit_build_finished().send();
}
