//! Taking the lock for the step of a publish.

use std::sync::Arc;

use crate::delivery::core::Core;
use crate::delivery::prepare::Prepared;
use crate::delivery::state::State;
use crate::error::Refused;
use crate::event::{KindRef, Stored};
use crate::sync::{Guard, failpoint};

impl Core {
    /// Takes the lock when everything that runs foreign code is worked out.
    #[inline]
    pub(super) fn prepare<'a>(
        &'a self,
        event: &Arc<Stored>,
        named: KindRef<'_>,
        prepared: &mut Prepared,
    ) -> Result<(Guard<'a, State>, usize), Box<Refused>> {
        loop {
            let mut state = self.lock_step();
            if state.closed && !failpoint("closed_unasked") {
                return Err(Box::new(Refused::Closed));
            }
            let Some(kind) = state.routes.position(named) else {
                drop(state);
                self.declare_kind(named)?;
                continue;
            };
            let Some(missing) = state.missing(kind, event, prepared) else {
                return Ok((state, kind));
            };
            drop(state);
            prepared.complete(self, event, missing);
        }
    }

    /// Makes the first event of its kind known to the catalogue.
    #[cold]
    fn declare_kind(&self, kind: KindRef<'_>) -> Result<(), Box<Refused>> {
        match kind {
            KindRef::Declared(descriptor) => {
                self.declare(descriptor).map_err(|known| Box::new(Refused::DuplicateKind(known)))
            }
            KindRef::Open(_) => Ok(()),
        }
    }
}
