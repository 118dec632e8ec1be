//! The definition file: the code that one enum generates, and its attributes.

use bus_core::{AgentEvent, EventBus, Object, Payload, object};

/// The events of a ferry.
///
/// The enum is a declaration and is never built. Each variant becomes a payload struct of the same
/// name, a method `emit_…` on everything that has an emitter, and a descriptor that the catalogue
/// and the JSON come from.
#[derive(AgentEvent)]
#[events(version = 2, prefix = "ferry.")]
enum FerryEvents {
    /// The ramp is up.
    #[event(requires(node), ends_with(Landed, by(crossing)))]
    Departed {
        /// Number of the crossing in the timetable.
        crossing: u32,
        /// Cars on the ferry. `default` makes it a setter of the helper, and older recordings may
        /// lack it.
        #[event(default)]
        cars: Vec<String>,
        /// An optional field is a setter as well.
        captain: Option<String>,
        /// Its content never leaves the process.
        #[event(redact)]
        ticket_key: String,
    },
    /// The ramp is down.
    #[event(requires(node), kind = "docked", alias(without_prefix("arrived")), critical)]
    Landed { crossing: u32 },
    /// The position. Under overflow a newer position may replace an older one.
    #[event(transient, coalesce)]
    PositionChanged { at: Object },
}

#[tokio::main]
async fn main() {
    let bus = EventBus::new();

    // A subscription to the definition gets all of its events. The match is exhaustive: a new
    // variant breaks it.
    let _log = bus.subscribe::<FerryEvents>().handle_sync(|event| match event.view() {
        FerryEventsRef::Departed(departed) => {
            println!("crossing {} with {:?}", departed.crossing, departed.cars);
        }
        FerryEventsRef::Landed(landed) => println!("crossing {} is over", landed.crossing),
        FerryEventsRef::PositionChanged(position) => println!("at {:?}", position.at),
    });

    // Required fields are arguments, in order; the others are setters.
    let ferry = bus.stream("lake").node("ferry-2");
    ferry.emit_departed(7, "k-1234").cars(vec!["red van".to_owned()]).captain("Ada").await;
    ferry.emit_position_changed(object! { "lat": 53.2, "lon": 5.8 }).await;
    ferry.emit_landed(7).await;

    println!("\nOn the wire, with the ticket key kept back:");
    for event in bus.history().oldest_first().collect() {
        println!("{}", event.to_json());
    }

    println!("\nIn the catalogue:");
    let descriptor = Departed::DESCRIPTOR;
    println!("{} v{}: {}", descriptor.kind, descriptor.version, descriptor.docs.trim());
    for field in descriptor.fields {
        println!("  {:<10} {:<16} required: {}", field.name, field.ty, field.required);
    }
}
