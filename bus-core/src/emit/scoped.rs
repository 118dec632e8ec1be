//! The traits behind emit helpers: everything that has an emitter.
//!
//! The type of the emitter proves its scope. An event that needs a node requires [`HasNode`], which
//! only [`NodeScoped`] types have. The traits are generic in the event, so that the compiler's
//! message can name it.

use super::{Emit, Emitter};
use crate::payload::Payload;
use crate::scope::{Execution, NoExecution, NoNode, Node};

/// An emitter, or a type of your own that has one.
///
/// Implement it for your agent, node or request type. Then every emit helper of every definition is
/// a method of it. The type of the emitter decides which events it can emit.
///
/// ```standalone_crate
/// use bus_core::{AgentEvent, Emitter, EventBus, Execution, Node, Scoped};
///
/// #[derive(AgentEvent)]
/// enum ResearchEvents {
///     #[event(requires(node, execution))]
///     AnswerFound { answer: String },
/// }
///
/// struct Researcher {
///     emitter: Emitter<Node, Execution>,
/// }
///
/// impl Scoped for Researcher {
///     type Emitter = Emitter<Node, Execution>;
///
///     fn emitter(&self) -> &Self::Emitter {
///         &self.emitter
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = EventBus::new();
/// let me = Researcher { emitter: bus.stream("desk").execution("exec-1").node("research") };
/// me.emit_answer_found("42").await;
/// # }
/// ```
///
/// The trait is dyn compatible, and so is a trait of your own above it: the tools of a registry may
/// be `Arc<dyn Tool>` and emit all the same.
///
/// ```standalone_crate
/// # use std::sync::Arc;
/// # use bus_core::{AgentEvent, Emitter, EventBus, Node, NoExecution, Scoped};
/// # #[derive(AgentEvent)]
/// # enum ToolEvents { #[event(requires(node))] ToolCalled { name: String } }
/// trait Tool: Scoped<Emitter = Emitter<Node>> {
///     fn name(&self) -> &str;
/// }
///
/// async fn call(tool: Arc<dyn Tool>) {
///     tool.emit_tool_called(tool.name()).await;
/// }
/// # struct Grep(Emitter<Node>);
/// # impl Scoped for Grep {
/// #     type Emitter = Emitter<Node>;
/// #     fn emitter(&self) -> &Emitter<Node> { &self.0 }
/// # }
/// # impl Tool for Grep { fn name(&self) -> &str { "grep" } }
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let bus = EventBus::new();
/// # call(Arc::new(Grep(bus.stream("desk").node("tools")))).await;
/// # assert_eq!(bus.stats().published["tool_called"], 1);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no emitter, so nothing can be emitted from it: call the helper on an emitter, as \
               `bus.stream(\"name\")` gives one, or implement `Scoped` for `{Self}`",
    label = "nothing can be emitted from this"
)]
pub trait Scoped {
    /// `Emitter`, `Emitter<Node>`, `Emitter<NoNode, Execution>` or `Emitter<Node, Execution>`.
    type Emitter: AnyEmitter;

    /// Returns the emitter of its events.
    fn emitter(&self) -> &Self::Emitter;

    /// Emits a payload that was made elsewhere, as the event's own helper does.
    ///
    /// The scope is checked at compile time. Nothing is published before the result is awaited or
    /// sent. On a trait object, write `scoped.emitter().emit(payload)`.
    fn emit<P: Payload + EmittableFrom<Self>>(&self, payload: P) -> <P::Node as Emits<P>>::Emit
    where
        Self: Sized,
    {
        <P::Node as Emits<P>>::emit(self.emitter(), payload)
    }
}

impl<N: 'static, X: 'static> Emitter<N, X> {
    /// Emits a payload that was made elsewhere, as the event's own helper does.
    ///
    /// The scope is checked at compile time. Nothing is published before the result is awaited or
    /// sent.
    pub fn emit<P: Payload + EmittableFrom<Self>>(&self, payload: P) -> <P::Node as Emits<P>>::Emit {
        <P::Node as Emits<P>>::emit(self, payload)
    }
}

impl<N: 'static, X: 'static> Scoped for Emitter<N, X> {
    type Emitter = Self;

    fn emitter(&self) -> &Self {
        self
    }
}

/// An [`Emitter`] of any scope. No other type implements it.
pub trait AnyEmitter: sealed::Sealed {
    /// [`Node`] or [`NoNode`].
    type Node: 'static;
    /// [`Execution`] or [`NoExecution`].
    type Execution: 'static;

    /// Emits without a check of the scope: generated helpers call it after their check.
    #[doc(hidden)]
    fn emit_unchecked<P: Payload>(&self, payload: P) -> Emit<P>;
}

impl<N: 'static, X: 'static> AnyEmitter for Emitter<N, X> {
    type Node = N;
    type Execution = X;

    #[inline]
    fn emit_unchecked<P: Payload>(&self, payload: P) -> Emit<P> {
        Emit::new(self, payload)
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "so that no other type implements it")]
    pub trait Sealed {}
    impl<N, X> Sealed for crate::emit::Emitter<N, X> {}
}

/// A type whose emitter has a node. For functions that emit events with a node:
/// `fn run(scope: &impl NodeScoped)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no node: give its emitter one with `.node(\"id\")`",
    label = "a node is needed here"
)]
pub trait NodeScoped: Scoped {}

#[diagnostic::do_not_recommend]
impl<T: Scoped + ?Sized> NodeScoped for T where T::Emitter: AnyEmitter<Node = Node> {}

/// A type whose emitter has an execution. For functions that emit events with an execution:
/// `fn run(scope: &impl ExecutionScoped)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no execution: give its emitter one with `.execution(\"id\")`",
    label = "an execution is needed here"
)]
pub trait ExecutionScoped: Scoped {}

#[diagnostic::do_not_recommend]
impl<T: Scoped + ?Sized> ExecutionScoped for T where T::Emitter: AnyEmitter<Execution = Execution> {}

/// A type with the node that the event `E` needs. Your own bounds use [`NodeScoped`].
#[diagnostic::on_unimplemented(
    message = "`{E}` needs a node, and `{Self}` has none: give its emitter one with `.node(\"id\")`",
    label = "`{E}` needs a node",
    note = "a function that emits it takes `&impl NodeScoped`"
)]
pub trait HasNode<E, Need = Node> {}

#[diagnostic::do_not_recommend]
impl<T: NodeScoped + ?Sized, E> HasNode<E, Node> for T {}

#[diagnostic::do_not_recommend]
impl<T: Scoped + ?Sized, E> HasNode<E, NoNode> for T {}

/// A type with the execution that the event `E` needs. Your own bounds use [`ExecutionScoped`].
#[diagnostic::on_unimplemented(
    message = "`{E}` needs an execution, and `{Self}` has none: give its emitter one with `.execution(\"id\")`",
    label = "`{E}` needs an execution",
    note = "a function that emits it takes `&impl ExecutionScoped`"
)]
pub trait HasExecution<E, Need = Execution> {}

#[diagnostic::do_not_recommend]
impl<T: ExecutionScoped + ?Sized, E> HasExecution<E, Execution> for T {}

#[diagnostic::do_not_recommend]
impl<T: Scoped + ?Sized, E> HasExecution<E, NoExecution> for T {}

/// The result of emitting a payload: always [`Emit<P>`](Emit).
///
/// With this trait, a value that is no payload is one error. A result of `Emit<Value>` would cause
/// a second one, at the `.await` or `.send()` behind it.
pub trait Emits<P> {
    /// [`Emit<P>`](Emit)
    type Emit;

    #[doc(hidden)]
    fn emit(emitter: &impl AnyEmitter, payload: P) -> Self::Emit;
}

impl<P: Payload, Any> Emits<P> for Any {
    type Emit = Emit<P>;

    #[inline]
    fn emit(emitter: &impl AnyEmitter, payload: P) -> Emit<P> {
        emitter.emit_unchecked(payload)
    }
}

/// A payload that the scope of `S` is enough for.
pub trait EmittableFrom<S: ?Sized> {}

impl<P, S> EmittableFrom<S> for P
where
    P: Payload,
    S: HasNode<P, P::Node> + HasExecution<P, P::Execution> + ?Sized,
{
}

/// Generated helpers call it after their bounds have checked the scope.
#[doc(hidden)]
#[inline]
pub fn emit<T: Scoped + ?Sized, P: Payload>(scoped: &T, payload: P) -> Emit<P> {
    scoped.emitter().emit_unchecked(payload)
}
