//! A desk that answers one ticket.

use bus_core::EventBus;
use desk_events::{Contact, DeskEvents, DeskEventsEmit as _, Origin, Urgency};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let bus = EventBus::new();
    let _log = bus.subscribe::<DeskEvents>().handle_sync(|event| println!("{}", event.to_json()));

    let desk = bus.stream("desk");
    let origin = Origin::Mail { address: "ann@example.org".to_owned() };
    desk.emit_ticket_opened("t-1", "The printer is on fire", Urgency::Now, origin)
        .tags(vec!["printer".to_owned()])
        .await;

    let model = desk.execution("exec-1").node("writer");
    model.emit_reply_drafted("t-1", "Step away from it.", 0.9).await;
    let ann = Contact { name: "Ann".to_owned(), mail: "ann@example.org".to_owned() };
    model.emit_reply_sent("t-1", ann, 12.5).await;
    desk.emit_ticket_closed("t-1").await;
}
