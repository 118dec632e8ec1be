//! Ctrl-C, for a command that goes on until then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::{Failure, STOPPED};

/// How long a command has to end by itself. One that waits for standard input cannot.
const GRACE: Duration = Duration::from_millis(200);

/// Becomes set when the user stops the program.
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Takes Ctrl-C over from the system, so that what was read is written before the end.
    pub(crate) fn on_ctrl_c() -> Result<Self, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        let runtime = runtime.map_err(Failure::source)?;
        let (set, (sender, ready)) = (Arc::clone(&stop), std::sync::mpsc::channel());
        thread::spawn(move || {
            runtime
                .block_on(async {
                    let pressed = tokio::signal::ctrl_c();
                    let mut pressed = std::pin::pin!(pressed);
                    // The first poll takes the signal over.
                    std::future::poll_fn(|context| {
                        let poll = pressed.as_mut().poll(context);
                        let _ = sender.send(());
                        poll
                    })
                    .await
                })
                .ok();
            set.store(true, Ordering::Relaxed);
            thread::sleep(GRACE);
            std::process::exit(STOPPED.into());
        });
        // Nobody presses it unseen.
        let _ = ready.recv();
        Ok(Self(stop))
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
