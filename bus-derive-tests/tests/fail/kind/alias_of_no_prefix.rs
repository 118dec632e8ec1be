//! There is no prefix that the alias could lack.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum ShopEvents {
    #[event(alias("order_made", without_prefix("order_done")))]
    OrderPlaced,
}

fn main() {}
