//! One definition file.

#[derive(bus_core::AgentEvent)]
pub enum FirstEvents {
    FirstOpened { name: String },
}
