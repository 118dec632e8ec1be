//! The event set of a subscription.

use super::{Descriptor, Payload};

/// The events of a subscription: one payload, a tuple of up to twelve, or a whole definition.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of events: name a payload, a tuple of payloads, or a definition enum",
    label = "not an event",
    note = "events are declared in an enum with `#[derive(AgentEvent)]`; by kind, as a string, use `subscribe_any().kinds([..])`"
)]
pub trait EventSet: 'static {
    /// The events, each once.
    fn descriptors() -> Vec<&'static Descriptor>;
}

#[diagnostic::do_not_recommend]
impl<P: Payload> EventSet for P {
    fn descriptors() -> Vec<&'static Descriptor> {
        vec![P::DESCRIPTOR]
    }
}

macro_rules! tuples {
    ($($first:ident $($rest:ident)*;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$first: EventSet, $($rest: EventSet,)*> EventSet for ($first, $($rest,)*) {
            fn descriptors() -> Vec<&'static Descriptor> {
                distinct([$first::descriptors(), $($rest::descriptors()),*].concat())
            }
        }
    )*};
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
    A B C D E F G H I;
    A B C D E F G H I J;
    A B C D E F G H I J K;
    A B C D E F G H I J K L;
}

fn distinct(mut all: Vec<&'static Descriptor>) -> Vec<&'static Descriptor> {
    let mut seen = std::collections::HashSet::new();
    all.retain(|descriptor| seen.insert(descriptor.type_id()));
    all
}
