//! What may stand in `alias`.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
#[events(prefix = "shop.")]
pub enum ShopEvents {
    #[event(alias("shop.order_made", no_prefix("order_done")))]
    OrderPlaced,
}

fn main() {}
