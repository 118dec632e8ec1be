//! The basics on one screen: declare, subscribe, emit.

use bus_core::{AgentEvent, EventBus};

/// The events of a kitchen.
#[derive(AgentEvent)]
enum KitchenEvents {
    /// A dish left the kitchen.
    DishServed { dish: String, minutes: u32 },
}

#[tokio::main]
async fn main() {
    let bus = EventBus::new();

    let _waiter = bus.subscribe::<DishServed>().handle(async |event| {
        println!("{}: {} after {} minutes", event.stream(), event.dish, event.minutes);
    });

    let receipt = bus.stream("table 4").emit_dish_served("onion soup", 12).await;
    println!("{} handler knows of it", receipt.handled());
}
