//! Scope: the stream, node and execution of an event. The type of an emitter has its scope, so a
//! missing one is a compile error.

use bus_core::{AgentEvent, Emitter, EventBus, Execution, ExecutionScoped, Node, Scoped};

/// The events of a print shop.
#[derive(AgentEvent)]
enum PrintEvents {
    /// A job arrived.
    #[event(requires(execution))]
    JobAccepted { pages: u32 },
    /// A press printed a page.
    #[event(requires(node, execution))]
    PagePrinted { page: u32 },
}

/// A context of your own has every emit helper once it names its emitter.
struct Press {
    emitter: Emitter<Node, Execution>,
}

impl Scoped for Press {
    type Emitter = Emitter<Node, Execution>;

    fn emitter(&self) -> &Self::Emitter {
        &self.emitter
    }
}

impl Press {
    async fn print(&self, pages: u32) {
        for page in 1..=pages {
            self.emit_page_printed(page).await;
        }
    }
}

/// A function can ask for scope without naming a type: every emitter with an execution fits.
async fn accept(job: &impl ExecutionScoped, pages: u32) {
    job.emit_job_accepted(pages).await;
}

#[tokio::main]
async fn main() {
    let bus = EventBus::new();

    // A subscription may be narrowed to any part of the scope.
    let _second = bus.subscribe::<PagePrinted>().execution("job-2").handle_sync(|event| {
        println!("job-2: page {} at {}", event.page, event.node().unwrap_or("?"));
    });
    let _north = bus.subscribe::<PrintEvents>().attribute("building", "north").handle_sync(|event| {
        println!("north building: {} of {}", event.kind(), event.execution().unwrap_or("?"));
    });

    let shop = bus.stream("print-shop");
    // shop.emit_job_accepted(3).await;  // does not compile: `JobAccepted` needs an execution
    for (job, building) in [("job-1", "south"), ("job-2", "north")] {
        // Emitters are cheap to clone; each adds to the scope of the one before.
        let job = shop.execution(job).correlation("order-99").attribute("building", building);
        accept(&job, 2).await;
        Press { emitter: job.node("press-a") }.print(2).await;
    }

    let of_order = bus.history().correlation("order-99").limit(100).collect();
    println!("{} events belong to order-99", of_order.len());
}
