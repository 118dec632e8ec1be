//! One kind in two crates of one program: start-up reports it, with both locations.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use bus_core::catalogue::Catalogue;
use bus_core::{AgentEvent, BuildError, EventBus};
use bus_derive_tests as _;

/// `bus_derive_tests` has a `DoorOpened` with this prefix too.
#[derive(AgentEvent)]
#[events(prefix = "open.")]
pub enum HouseEvents {
    /// A door is open.
    #[event(alias("open.door"))]
    DoorOpened {
        /// Its name.
        door: String,
    },
    /// A chamber is empty.
    RoomLeft {
        /// Its name.
        room: String,
    },
}

#[track_caller]
fn assert_names_both(text: &str) {
    assert!(text.contains("open.door_opened"), "{text}");
    for file in ["bus-derive-tests/tests/duplicate.rs:", "bus-derive-tests/src/lib.rs:"] {
        assert!(text.contains(file), "{file} is not in: {text}");
    }
}

#[test]
fn a_bus_is_not_built_and_the_error_says_why() {
    let error = EventBus::builder().build().unwrap_err();
    assert_names_both(&error.to_string());
    assert!(matches!(error, BuildError::DuplicateKinds(ref all) if all.len() == 1), "{error:?}");
}

#[test]
fn the_catalogue_tells_whoever_checks_before_the_start() {
    let duplicates = Catalogue::linked().unwrap_err();
    assert_eq!(duplicates.len(), 1);
    assert_names_both(&duplicates[0].to_string());
}

/// `cargo xtask check` makes this call, here as in a user's own workspace.
#[test]
fn the_check_of_the_catalogue_names_both_places() {
    let outcome = bus_docs::Project::new("Doors").check([]).unwrap_err();
    let bus_docs::Outcome::Found(text) = outcome else { panic!("the arguments are right: {outcome:?}") };
    assert_names_both(&text);
}
