//! In a function, in a nested module, two in one module, and with the name that another crate's
//! has.
use bus_core::{AgentEvent, EventBus};

/// The same name as the one in `bus_derive_tests`, with kinds of its own.
#[derive(AgentEvent)]
#[events(prefix = "inner.")]
pub enum OpenEvents {
    DoorOpened { door: String },
}

#[derive(AgentEvent)]
pub enum SecondEvents {
    WindowOpened { window: String },
}

mod outer {
    pub(crate) mod inner {
        #[derive(bus_core::AgentEvent)]
        pub(in crate::outer) enum HiddenEvents {
            Hid { r#where: String },
        }
    }

    pub(crate) fn hide(bus: &bus_core::EventBus) {
        use inner::HiddenEventsEmit;
        bus.stream("house").emit_hid("cellar").send();
    }
}

/// In a method, and where there is no function at all.
struct House;

impl House {
    fn light(bus: &EventBus) {
        #[derive(AgentEvent)]
        enum LightEvents {
            LightOn { lamp: u8 },
        }
        bus.stream("house").emit_light_on(1).send();
    }
}

const _: () = {
    #[derive(AgentEvent)]
    enum ConstEvents {
        BellRang,
    }
};

fn main() {
    #[derive(AgentEvent)]
    enum LocalEvents {
        RoomEntered { room: String, by: Option<String> },
    }

    let bus = EventBus::new();
    outer::hide(&bus);
    let house = bus.stream("house");
    house.emit_room_entered("kitchen").by("Ada").send();
    house.emit_window_opened("south").send();
    House::light(&bus);
    house.emit_door_opened("front").send();
    {
        use bus_derive_tests::OpenEventsEmit;
        OpenEventsEmit::emit_door_opened(&house, "back").width(2).send();
    }
    // The library of this package has other definitions too.
    let catalogue = bus.catalogue();
    let kinds: Vec<_> =
        catalogue.iter().map(|event| event.kind).filter(|kind| !kind.starts_with("strict.")).collect();
    assert_eq!(kinds, ["bell_rang", "hid", "inner.door_opened", "light_on", "open.door_opened", "room_entered", "window_opened"]);
    assert_eq!(bus.history().collect().len(), 6);
}
