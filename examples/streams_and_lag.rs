//! Streams: a reader takes events at its own speed and receives each gap as a value. Then it reads
//! the missed events from history.

use bus_core::{AgentEvent, EventBus, Overflow};

/// The events of a weather station.
#[derive(AgentEvent)]
enum WeatherEvents {
    /// One reading.
    Measured { celsius: i32 },
    /// A critical event: the last to be dropped.
    #[event(critical)]
    StormWarned { text: String },
}

#[tokio::main]
async fn main() {
    let bus = EventBus::new();
    let station = bus.stream("station");

    // This reader has a capacity of four events. Ten arrive before it reads, so the oldest are
    // dropped, but never the warning.
    let mut slow = bus.subscribe::<WeatherEvents>().name("slow").capacity(4).into_stream().with_gaps();
    let before = station.emit_measured(-1).await.id();
    station.emit_storm_warned("wind from the west").await;
    for celsius in 0..8 {
        station.emit_measured(celsius).await;
    }
    println!("the slow reader:");
    while let Some(next) = slow.try_recv() {
        match next {
            Ok(event) => println!("  {:>2} {}", event.seq(), event.kind()),
            Err(lagged) => {
                println!("  {lagged}");
            }
        }
    }

    // History still has them: a subscription since a known event gets all later ones.
    let Some(before) = before else { return };
    let mut again = bus.subscribe::<WeatherEvents>().since(before).into_stream();
    let mut seen = 0;
    while again.try_recv().is_some() {
        seen += 1;
    }
    println!("since event {}: {seen} events", before.seq());

    // The subscription chooses the overflow: here the publisher waits for the reader.
    let mut patient =
        bus.subscribe::<Measured>().name("patient").capacity(1).overflow(Overflow::Wait).into_stream();
    let publisher = tokio::spawn(async move {
        for celsius in 20..25 {
            station.emit_measured(celsius).await;
        }
    });
    let mut all = Vec::new();
    while all.len() < 5 {
        if let Some(event) = patient.recv().await {
            all.push(event.celsius);
        }
    }
    let _ = publisher.await;
    println!("the patient reader: {all:?}");
}
