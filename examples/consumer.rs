//! An exporter that misses nothing: its warehouse fails now and then, the process ends in between,
//! and it goes on with the event that the warehouse has not taken.

use std::sync::Arc;
use std::time::Duration;

use bus_core::{AgentEvent, BoxError, EventBus, Retry};
use bus_journal::Journal;
use tokio::sync::Mutex;

/// The events of a shop.
#[derive(AgentEvent)]
enum ShopEvents {
    /// An article was sold.
    ArticleSold { article: String },
}

/// A warehouse somewhere else, which fails every third time and knows no unicorns.
#[derive(Default)]
struct Warehouse {
    calls: usize,
    taken: Vec<String>,
}

impl Warehouse {
    fn take(&mut self, article: &str) -> Result<(), BoxError> {
        self.calls += 1;
        if article == "a unicorn" {
            return Err("no such article".into());
        }
        if self.calls.is_multiple_of(3) {
            return Err("the warehouse does not answer".into());
        }
        self.taken.push(article.to_owned());
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("shop.db");
    let warehouse = Arc::new(Mutex::new(Warehouse::default()));

    // Nobody exports yet: the journal keeps what is sold.
    let bus = EventBus::builder().store(Journal::open(&path)?).build()?;
    for article in ["books", "bread", "a unicorn"] {
        bus.stream("shop").emit_article_sold(article).await;
    }
    bus.close(Duration::from_secs(10)).await;
    drop(bus);

    let journal = Journal::open(&path)?;
    let bus = EventBus::builder().store(journal.clone()).build()?;
    let quickly = Retry::new(Duration::from_millis(1), Duration::from_secs(1));
    let _exporter = bus
        .subscribe::<ArticleSold>()
        .consumer("warehouse") // the name under which the journal keeps its position
        .retry(quickly.then_park(5))
        .with(Arc::clone(&warehouse))
        .handle(async |warehouse, event| warehouse.lock().await.take(&event.article));
    bus.stream("shop").emit_article_sold("a lamp").await;
    while warehouse.lock().await.taken.len() < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    bus.close(Duration::from_secs(10)).await;

    println!("the warehouse has: {}", warehouse.lock().await.taken.join(", "));
    for parked in journal.parked("warehouse")? {
        println!("parked: {}", parked.reason);
    }
    Ok(())
}
