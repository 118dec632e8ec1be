//! Threads of the bus that wait for something to do, and end when nothing comes for a while.

use super::next_number;

type Job = Box<dyn FnOnce() + Send>;

/// A thread that has nothing to do.
pub(crate) struct Worker {
    number: u64,
    #[cfg(not(any(bus_loom, bus_shuttle)))]
    jobs: std::sync::mpsc::Sender<Job>,
}

impl Worker {
    /// The number of the thread.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

/// The models have a thread for each job.
#[cfg(any(bus_loom, bus_shuttle))]
impl Worker {
    #[expect(clippy::unnecessary_wraps, reason = "the real one may fail")]
    pub(crate) fn take() -> std::io::Result<Self> {
        Ok(Self { number: next_number() })
    }

    #[expect(clippy::unused_self, reason = "the real one is used up")]
    pub(crate) fn run(self, job: impl FnOnce() + Send + 'static) {
        let job: Job = Box::new(job);
        #[cfg(bus_loom)]
        loom::thread::spawn(job);
        #[cfg(all(bus_shuttle, not(bus_loom)))]
        super::simulation::start_worker(job);
    }
}

#[cfg(not(any(bus_loom, bus_shuttle)))]
mod real {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Mutex, PoisonError};
    use std::time::Duration;

    use super::{Job, Worker, next_number};

    /// How long an idle worker waits for something to do before it ends.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Workers that have nothing to do.
    static IDLE: Mutex<Vec<Worker>> = Mutex::new(Vec::new());

    fn idle() -> std::sync::MutexGuard<'static, Vec<Worker>> {
        IDLE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    impl Worker {
        /// Takes an idle worker, or starts one.
        ///
        /// # Errors
        /// Where no thread can be started.
        pub(crate) fn take() -> std::io::Result<Self> {
            if let Some(worker) = idle().pop() {
                return Ok(worker);
            }
            let (jobs, receiver) = channel();
            let number = next_number();
            let own = jobs.clone();
            std::thread::Builder::new()
                .name("bus-worker".to_owned())
                .spawn(move || work(number, &own, &receiver))?;
            Ok(Self { number, jobs })
        }

        /// Gives it something to do. It is idle again afterwards.
        pub(crate) fn run(self, job: impl FnOnce() + Send + 'static) {
            // A worker that was taken waits for its job.
            drop(self.jobs.send(Box::new(job)));
        }
    }

    fn work(number: u64, jobs: &Sender<Job>, receiver: &Receiver<Job>) {
        loop {
            let job = match receiver.recv_timeout(PATIENCE) {
                Ok(job) => job,
                Err(_) if leave(number) => return,
                // It was taken meanwhile, and its job is about to come.
                Err(_) => match receiver.recv() {
                    Ok(job) => job,
                    Err(_) => return,
                },
            };
            // A job catches the panics of the code it runs; a panic here is one of the bus's own.
            let _ = catch_unwind(AssertUnwindSafe(job));
            idle().push(Worker { number, jobs: jobs.clone() });
        }
    }

    /// Takes an idle worker off the list; whether it was there.
    fn leave(number: u64) -> bool {
        let mut idle = idle();
        let at = idle.iter().position(|worker| worker.number == number);
        at.map(|at| idle.remove(at)).is_some()
    }
}
