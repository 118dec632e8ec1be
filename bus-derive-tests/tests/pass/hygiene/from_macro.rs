//! A definition that a macro of the user's writes. Lints do not look into what the derive made of
//! it: not even at the visibility, which comes from the macro too.
#![deny(warnings)]

macro_rules! events {
    ($name:ident { $($event:ident { $($field:ident: $ty:ty),* })* }) => {
        #[derive(bus_core::AgentEvent)]
        pub enum $name {
            $($event { $($field: $ty),* },)*
            #[event(ends_with(FixedEnded, by(reason)), reply = bool)]
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

/// The macro gets the content of attributes too, which the compiler passes on in invisible
/// brackets.
macro_rules! given {
    ($vis:vis $name:ident, $prefix:literal, $version:expr, {
        $($(#[$meta:meta])* $event:ident = $kind:literal, $upcast:path { $($field:ident as $wire:literal: $ty:ty = $value:expr),* })*
    }) => {
        #[derive(bus_core::AgentEvent)]
        #[events(prefix = $prefix, version = $version)]
        $vis enum $name {
            $($(#[$meta])* #[event(kind = $kind, alias(without_prefix($kind)), upcast = $upcast)] $event {
                $(#[event(default = $value)] #[serde(rename = $wire)] #[doc = $wire] $field: $ty,)*
            },)*
        }
    };
}

given! {
    pub GivenEvents, "given.", 2, {
        /// It began.
        Began = "began", crate::raise { name as "title": String = "x", size as "bytes": Option<u64> = Some(3) }
        Over = "over", raise { names as "all": Vec<String> = vec![] }
    }
}

/// Nothing of it is used.
mod unused {
    macro_rules! hidden {
        ($vis:vis) => {
            #[derive(bus_core::AgentEvent)]
            pub(crate) enum HiddenEvents {
                #[event(ends_with(Hid), reply = bool)]
                Hides { what: String, times: Option<u32>, #[event(default = 3)] deep: u8 },
                Hid,
            }

            #[derive(bus_core::AgentEvent)]
            $vis enum GivenVisEvents {
                #[event(reply = bool)]
                Shows { what: String, times: Option<u32> },
            }
        };
    }

    hidden!(pub(in crate::unused));
}

fn raise(_: u32, data: serde_json::Value) -> Result<serde_json::Value, bus_core::BoxError> {
    Ok(data)
}

fn main() {
    let stream = bus_core::EventBus::new().stream("build");
    stream.emit_target_started("app").memory(1).send();
    stream.emit_fixed_added("why").times(2).send();
    stream.emit_began().name("app").size(1).maybe_size(None).send();
    let described: Vec<_> = <GivenEvents as bus_core::AgentEvent>::EVENTS.iter().map(|event| (event.kind, event.version, event.docs)).collect();
    assert_eq!(described, [("given.began", 2, "It began."), ("given.over", 2, "")]);
    let event = <GivenEvents as bus_core::AgentEvent>::EVENTS[0];
    assert_eq!((event.fields[0].name, event.fields[0].docs, event.fields[0].default), ("title", "title", Some("\"x\"")));
}
