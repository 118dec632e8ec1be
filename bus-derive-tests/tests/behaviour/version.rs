//! Kinds, aliases and versions, when writing and when reading.

use bus_core::{AgentEvent, EventBus};
use serde_json::{Value, json};

#[derive(AgentEvent)]
#[events(version = 4, prefix = "shop.", derive(PartialEq))]
pub(crate) enum ShopEvents {
    #[event(alias(without_prefix("order_made", "OrderPlaced", "orders/placed v1"), "shop.order_done"))]
    OrderPlaced { number: u32 },
    #[event(kind = "paid", version = 7)]
    OrderPaid { number: u32 },
}

#[derive(AgentEvent)]
#[events(prefix = "till.")]
pub(crate) enum TillEvents {
    #[event(alias("till.charged", without_prefix("card_charged")))]
    CardCharged {
        #[event(redact)]
        card: String,
    },
}

/// A kind that nobody declares is written back as it came: so each name of this one must be
/// declared.
#[test]
fn what_came_under_an_older_name_is_redacted() {
    let bus = EventBus::new();
    for kind in ["till.card_charged", "till.charged", "card_charged"] {
        let line = json!({
            "type": kind, "stream_id": "till", "data": { "card": "4111" }, "timestamp": "2026-11-22T06:14:08"
        });
        let read = bus.read_json(&line.to_string()).unwrap();
        assert_eq!(read.kind(), "till.card_charged");
        assert!(read.to_json().contains(r#""card":"[redacted]""#), "{kind}: {}", read.to_json());
    }
}

#[test]
fn the_prefix_stands_before_every_kind_and_no_alias() {
    let described: Vec<_> =
        ShopEvents::EVENTS.iter().map(|event| (event.kind, event.version, event.aliases)).collect();
    let aliases = &["order_made", "OrderPlaced", "orders/placed v1", "shop.order_done"][..];
    assert_eq!(described, [("shop.order_placed", 4, aliases), ("shop.paid", 7, &[][..])]);
    assert_eq!((ShopEvents::NAME, ShopEvents::VERSION), ("ShopEvents", 4));
}

#[tokio::test]
async fn an_event_writes_its_version_and_is_read_by_every_name() {
    let bus = EventBus::new();
    let shop = bus.stream("shop");
    shop.emit_order_placed(1).await;
    shop.emit_order_paid(1).await;
    let lines: Vec<Value> = bus
        .history()
        .oldest_first()
        .collect()
        .iter()
        .map(|e| serde_json::from_str(&e.to_json()).unwrap())
        .collect();
    assert_eq!((&lines[0]["type"], &lines[0]["version"]), (&json!("shop.order_placed"), &json!(4)));
    assert_eq!((&lines[1]["type"], &lines[1]["version"]), (&json!("shop.paid"), &json!(7)));
    for kind in ["shop.order_placed", "order_made", "OrderPlaced", "orders/placed v1", "shop.order_done"] {
        let mut line = lines[0].clone();
        line["type"] = json!(kind);
        let read = bus.read_json(&line.to_string()).unwrap();
        assert_eq!(read.payload::<OrderPlaced>(), Some(&OrderPlaced::new(1)), "{kind}");
    }
    let mut unknown = lines[0].clone();
    unknown["type"] = json!("order_placed");
    assert!(!bus.read_json(&unknown.to_string()).unwrap().is_declared());
}
