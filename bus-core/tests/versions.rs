//! A program that links two definitions of the same kinds, as two versions of one crate do.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use bus_core::{AgentEvent, BuildError, EventBus};

#[allow(clippy::enum_variant_names, reason = "orders are what shops have")]
mod one {
    #[derive(bus_core::AgentEvent)]
    #[events(prefix = "twice.")]
    pub(crate) enum ShopEvents {
        OrderPlaced {
            number: u64,
        },
        #[event(alias("twice.order_sent"))]
        OrderShipped {
            number: u64,
        },
        OrderLost {
            number: u64,
        },
    }
}

#[allow(clippy::enum_variant_names, reason = "orders are what shops have")]
mod two {
    #[derive(bus_core::AgentEvent)]
    #[events(prefix = "twice.", version = 2)]
    pub(crate) enum ShopEvents {
        OrderPlaced { number: u64, total: u64 },
        OrderSent { number: u64 },
    }
}

use one::ShopEventsEmit as _;
use two::ShopEventsEmit as _;

/// The other definition that the program links.
#[derive(AgentEvent)]
enum Others {
    Woken {},
}

#[test]
fn a_bus_is_not_built_and_says_how_to_have_one() {
    let error = EventBus::builder().build().unwrap_err();
    assert!(matches!(&error, BuildError::DuplicateKinds(all) if all.len() == 2), "{error:?}");
    let text = error.to_string();
    for part in [
        "`twice.order_placed`",
        "`twice.order_sent`",
        "agent-events-core 0.1.0",
        "tests/versions.rs:",
        ".prefer::<",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[test]
fn a_definition_knows_its_package() {
    let package = one::ShopEvents::REGISTRATION.package.unwrap();
    assert_eq!((package.name, package.version), (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_preferred_definition_has_the_kinds_that_both_declare() {
    let bus = EventBus::builder().prefer::<two::ShopEvents>().build().unwrap();
    let catalogue = bus.catalogue();
    let versions = ["twice.order_placed", "twice.order_sent", "twice.order_lost"]
        .map(|kind| catalogue.get(kind).map(|e| e.version));
    // The kinds that only the other declares stay.
    assert_eq!(versions, [Some(2), Some(2), Some(1)]);
    assert!(catalogue.get("twice.order_shipped").is_none(), "its alias is the kind of another event");
    assert!(catalogue.get("woken").is_some());

    let receipt = bus.stream("s").emit_order_sent(1).send();
    assert!(receipt.receipt().refused().is_none());
    // The other's payload is of another type than its kind has here.
    let receipt = bus.stream("s").emit(one::OrderPlaced::new(1_u64)).send();
    let refused = receipt.receipt().refused().unwrap().to_string();
    assert!(
        refused.contains("twice.order_placed") && refused.contains("agent-events-core 0.1.0"),
        "{refused}"
    );

    let bus = EventBus::builder().prefer::<one::ShopEvents>().build().unwrap();
    assert_eq!(bus.catalogue().get("twice.order_placed").unwrap().version, 1);
    assert_eq!(bus.catalogue().get("twice.order_sent").unwrap().kind, "twice.order_shipped");
    assert!(bus.stream("s").emit_order_shipped(1).send().receipt().refused().is_none());
}

#[test]
fn a_bus_without_linked_definitions_has_those_it_was_given() {
    let bus = EventBus::builder().without_linked().events::<one::ShopEvents>().build().unwrap();
    let kinds: Vec<_> = bus.catalogue().iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["twice.order_lost", "twice.order_placed", "twice.order_shipped"]);
    // Two that were both asked for are still an error.
    let both = EventBus::builder().without_linked().events::<one::ShopEvents>().events::<two::ShopEvents>();
    assert!(both.build().is_err());
    let both = EventBus::builder().prefer::<one::ShopEvents>().prefer::<two::ShopEvents>();
    assert!(both.build().is_err());
}
