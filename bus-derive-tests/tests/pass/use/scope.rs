//! Emitters, contexts of one's own and functions that ask for scope.
use bus_core::{AgentEvent, Emitter, EventBus, Execution, ExecutionScoped, Node, NodeScoped, Payload, Scoped};
use bus_core::{EmittableFrom, Receipt};

#[derive(AgentEvent)]
pub enum DeskEvents {
    DeskOpened,
    #[event(requires(node))]
    NodeWoke,
    #[event(requires(execution))]
    RunBegan,
    #[event(requires(node, execution))]
    AnswerFound { answer: String, source: Option<String> },
}

struct Researcher {
    emitter: Emitter<Node, Execution>,
}

impl Scoped for Researcher {
    type Emitter = Emitter<Node, Execution>;

    fn emitter(&self) -> &Self::Emitter {
        &self.emitter
    }
}

fn wake(scope: &impl NodeScoped) {
    scope.emit_node_woke().send();
    scope.emit_desk_opened().send();
    scope.emit(NodeWoke).send();
}

fn begin(scope: &(impl NodeScoped + ExecutionScoped + ?Sized)) {
    scope.emit_run_began().send();
    scope.emit_answer_found("42").source("a").send();
}

// `emit` takes any payload, so it is no method of a trait object, as the helpers are.
fn find(scope: &(impl NodeScoped + ExecutionScoped)) {
    scope.emit(AnswerFound::new("42")).send();
}

async fn any<P: Payload + EmittableFrom<Emitter>>(desk: &Emitter, payload: P) -> Receipt {
    desk.emit(payload).await
}

fn main() {
    let bus = EventBus::new();
    let place = bus.stream("desk").node("research").execution("exec-1");
    let me = Researcher { emitter: place.clone() };
    wake(&bus.stream("desk").node("research"));
    wake(&place);
    wake(&me);
    begin(&place);
    begin(&me);
    find(&place);
    find(&me);
    me.emit_desk_opened().send();
    me.emit(RunBegan).send();
    let desk = bus.stream("desk");
    let _pending = any(&desk, DeskOpened);

    // An emit borrows nothing: it can leave the function that made it.
    fn later(me: &Researcher) -> impl Future<Output = Receipt> + Send + 'static + use<> {
        me.emit_answer_found("42").source("b")
    }
    drop(later(&me));
}
