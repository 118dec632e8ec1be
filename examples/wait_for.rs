//! Waiting for one event: registered at once, so that an event before the await is not missed.

use std::time::Duration;

use bus_core::{AgentEvent, EventBus, EventId, WaitError};

/// The events of a kiln.
#[derive(AgentEvent)]
enum KilnEvents {
    /// It has reached its temperature.
    #[event(requires(node))]
    HeatReached { degrees: u32 },
    /// The pots may be taken out.
    #[event(requires(node))]
    FiringEnded { pots: u32 },
}

#[tokio::main]
async fn main() {
    let bus = EventBus::new();
    let kiln = bus.stream("pottery").node("kiln-1");

    // Registered here and awaited below: the event in between is not missed.
    let hot = bus.subscribe::<HeatReached>().node("kiln-1").filter(|event| event.degrees >= 1000).first();
    kiln.emit_heat_reached(400).await;
    kiln.emit_heat_reached(1050).await;
    match hot.timeout(Duration::from_secs(1)).await {
        Ok(event) => println!("{} degrees", event.degrees),
        Err(error) => println!("not hot: {error}"),
    }

    // No second kiln is fired: the wait ends with a reason.
    let ended =
        bus.subscribe::<FiringEnded>().node("kiln-2").first().timeout(Duration::from_millis(20)).await;
    println!("kiln-2: {}", ended.err().map_or("done".to_owned(), |error| error.to_string()));

    // A wait may look back: with a time-out of zero it only checks earlier events.
    let begin = kiln.emit_heat_reached(1100).await.id();
    kiln.emit_firing_ended(36).await;
    if let Some(begin) = begin {
        let ended = bus.subscribe::<FiringEnded>().since(begin).first().timeout(Duration::ZERO).await;
        println!("{} pots", ended.map_or(0, |event| event.pots));
    }

    // Request and reply: wait for the answer with the same correlation, then ask.
    let potter = kiln.clone();
    let _potter = bus.subscribe::<HeatReached>().handle(move |event| {
        let potter = potter.maybe_correlation(event.correlation());
        async move {
            potter.emit_firing_ended(12).await;
        }
    });
    let reply = bus.subscribe::<FiringEnded>().correlation("order-5").first();
    kiln.correlation("order-5").emit_heat_reached(1040).await;
    match reply.timeout(Duration::from_secs(1)).await {
        Ok(event) => {
            let cause = event.causation().map_or(0, EventId::seq);
            println!("order-5: {} pots, in answer to event {cause}", event.pots);
        }
        Err(WaitError::TimedOut) => println!("order-5: no answer"),
        Err(error) => println!("order-5: {error}"),
    }
}
