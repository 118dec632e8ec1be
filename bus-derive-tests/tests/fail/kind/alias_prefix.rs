//! An alias is a whole name: the prefix does not go before it.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
#[events(prefix = "shop.")]
pub enum ShopEvents {
    #[event(alias("order_made"))]
    OrderPlaced {
        #[event(redact)]
        card: String,
    },
}

fn main() {}
