//! The latest value: what is true now, for whoever comes later.

use bus_core::{AgentEvent, EventBus};

/// The events of a greenhouse.
#[derive(AgentEvent)]
enum GreenhouseEvents {
    /// A bed was measured. The newest value of each bed is kept.
    #[event(requires(node), sticky)]
    BedMeasured { degrees: i32 },
    /// A gardener came by.
    GardenerCame { name: String },
}

#[tokio::main]
async fn main() {
    let bus = EventBus::builder().history(3).build().unwrap_or_default();
    let house = bus.stream("greenhouse");
    for (bed, degrees) in [("tomatoes", 21), ("orchids", 26), ("tomatoes", 24)] {
        house.node(bed).emit_bed_measured(degrees).await;
    }
    // These push all measurements out of the history.
    for name in ["Ada", "Grace", "Edsger", "Barbara"] {
        house.emit_gardener_came(name).await;
    }
    println!("{} measurements in history", bus.history().kinds(["bed_measured"]).collect().len());

    if let Some(now) = bus.latest::<BedMeasured>().node("tomatoes").newest() {
        println!("tomatoes: {} degrees", now.degrees);
    }

    // A display that starts now shows each bed at once, and then each change.
    let mut display = bus.subscribe::<BedMeasured>().with_latest().into_stream();
    house.node("orchids").emit_bed_measured(27).await;
    while let Some(event) = display.try_recv() {
        println!("display: {} at {}", event.node().unwrap_or("?"), event.degrees);
    }

    // A bed that is cleared has no value any more.
    let forgotten = bus.latest_any().node("orchids").forget();
    println!("{forgotten} value forgotten, {} left", bus.stats().latest);
}
