//! Closing in order: no new events, handlers finish their queues, and a report lists the rest.

use std::time::Duration;

use bus_core::{AgentEvent, EventBus};

/// The events of a mail office.
#[derive(AgentEvent)]
enum MailEvents {
    /// A letter lies in the basket.
    LetterDropped { to: String },
}

#[tokio::main]
async fn main() {
    let bus = EventBus::new();
    let room = bus.stream("mail-room");

    // A slow handler; the letters wait in its queue.
    let _clerk = bus.subscribe::<LetterDropped>().name("clerk").handle(async |event| {
        tokio::time::sleep(Duration::from_millis(5)).await;
        println!("delivered to {}", event.to);
    });
    for to in ["Ada", "Grace", "Edsger"] {
        room.emit_letter_dropped(to).send(); // does not wait
    }

    let report = bus.close(Duration::from_secs(5)).await;
    println!("everything delivered: {}", report.is_drained());

    // The bus is closed: the receipt of an emit says so, and nothing is lost without notice.
    let receipt = room.emit_letter_dropped("Alan").await;
    if let Some(refused) = receipt.refused() {
        println!("the letter to Alan was refused: {refused}");
    }

    // With too little time the report lists exactly the unfinished deliveries.
    let bus = EventBus::new();
    let _stuck =
        bus.subscribe::<LetterDropped>().name("stuck").handle(async |_| std::future::pending::<()>().await);
    bus.stream("mail-room").emit_letter_dropped("Barbara").send();
    bus.stream("mail-room").emit_letter_dropped("Donald").send();
    let report = bus.close(Duration::from_millis(20)).await;
    for left in report.left {
        println!("{}: {} at work, {} waiting", left.name, left.running, left.waiting);
    }
}
