//! The scope in the type of an emitter.
//!
//! `Emitter<Node, NoExecution>` has a node, and no execution that the compiler knows. The markers
//! are never built.

/// The emitter has no node that the compiler knows; `.node(id)` adds one.
#[derive(Debug, Clone, Copy)]
pub enum NoNode {}

/// The emitter has a node.
#[derive(Debug, Clone, Copy)]
pub enum Node {}

/// The emitter has no execution that the compiler knows; `.execution(id)` adds one.
#[derive(Debug, Clone, Copy)]
pub enum NoExecution {}

/// The emitter has an execution.
#[derive(Debug, Clone, Copy)]
pub enum Execution {}
