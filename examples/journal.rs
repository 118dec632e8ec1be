//! Record, crash, reopen, go on: a courier whose process ends in the middle of a round, and who
//! continues where the journal says that it ended.
//!
//! The program starts itself again as the process that crashes.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bus_core::{AgentEvent, BoxError, EventBus};
use bus_journal::{Item, Journal};

/// The events of a courier.
#[derive(AgentEvent)]
enum CourierEvents {
    /// A parcel was handed over.
    #[event(requires(execution))]
    ParcelDelivered { parcel: String },
}

const PARCELS: [&str; 5] = ["books", "bread", "a lamp", "seeds", "a violin"];

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    if let Some(path) = std::env::args().nth(1) {
        return deliver(Path::new(&path), Some(3)).await;
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("courier.db");

    let status = Command::new(std::env::current_exe()?).arg(&path).status()?;
    println!("the first courier ended with success: {}", status.success());

    deliver(&path, None).await?;

    // Any process may look at it, also while another one records.
    for item in Journal::read(&path)?.query().oldest_first().page()?.items {
        match item {
            Item::Event(event) => println!("{}: {}", event.kind(), event.read()?.data()["parcel"]),
            Item::Gap(gap) => println!("gap: {}", gap.cause),
        }
    }
    Ok(())
}

/// Delivers the parcels that nobody has delivered. Crashes after some of them.
async fn deliver(path: &Path, crash_after: Option<usize>) -> Result<(), BoxError> {
    let journal = Journal::open(path)?;
    for gap in &journal.report().gaps {
        println!("the journal reports: {}", gap.cause);
    }
    let mut done = Vec::new();
    for item in journal.query().kinds(["parcel_delivered"]).execution("round-1").items() {
        if let Item::Event(event) = item? {
            done.extend(event.read()?.payload::<ParcelDelivered>().map(|event| event.parcel.clone()));
        }
    }

    let bus = EventBus::builder().store(journal).build()?;
    let round = bus.stream("courier").execution("round-1");
    for parcel in PARCELS {
        if done.iter().any(|done| done == parcel) {
            continue;
        }
        // After this line it is on the disk.
        round.emit_parcel_delivered(parcel).send().recorded().await?;
        done.push(parcel.to_owned());
        if crash_after == Some(done.len()) {
            std::process::exit(1); // no close, no drop: as after a power cut
        }
    }
    println!("{} parcels are delivered", done.len());
    bus.close(Duration::from_secs(10)).await;
    Ok(())
}
