//! `bus serve`: a recording over HTTP, for a browser on this machine.

use std::net::Ipv4Addr;
use std::path::Path;

use bus_core::EventBus;
use bus_core::store::{Archive, Entry, Store, StoreError};
use bus_journal::{ImportError, Journal, Reader};
use bus_web::Access;

use crate::args::Call;
use crate::output::Output;
use crate::source::{Source, lines_of};
use crate::{Ended, Failure};

pub(super) fn run(call: &Call, port: u16, output: &mut Output) -> Result<Ended, Failure> {
    let folder;
    let journal = match Source::open(&call.source)? {
        Source::Journal(journal) => journal,
        Source::Lines(path) => {
            folder = tempfile::tempdir().map_err(Failure::source)?;
            imported(&path, &folder.path().join("run.db"))?
        }
        Source::Http(_) => {
            let fix = "it is served already: open the address in a browser";
            return Err(Failure::usage(format!("`{}`: {fix}", call.source.display())));
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Failure::source)?.block_on(serve(journal, port, output))
}

/// Serves a journal until the user stops it.
async fn serve(journal: Reader, port: u16, output: &mut Output) -> Result<Ended, Failure> {
    let bus = EventBus::builder().store(ReadOnly(journal)).build().map_err(Failure::source)?;
    let mut token = [0; 16];
    getrandom::fill(&mut token).map_err(Failure::source)?;
    let token = format!("{:032x}", u128::from_ne_bytes(token));
    let web = bus_web::web(&bus, Access::token(&token));
    let server = web.serve((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        Failure::source(format!("port {port} of this machine cannot be served at: {error}"))
    })?;
    // Behind `#` it reaches no server and no log.
    output.line(&format!("http://{}/#token={token}", server.address()))?;
    output.flush()?;
    tokio::signal::ctrl_c().await.map_err(Failure::source)?;
    server.shutdown().await;
    Ok(Ended::Stopped)
}

/// Takes a recording without an index into a journal that has one.
fn imported(path: &Path, journal: &Path) -> Result<Reader, Failure> {
    let lines = lines_of(path)?;
    let bus = EventBus::builder().build().map_err(Failure::source)?;
    let (mut damaged, mut first) = (0_u64, None);
    let events = bus.reader().lines(lines).filter(|line| {
        let Err(error) = line else { return true };
        damaged += 1;
        first.get_or_insert_with(|| error.to_string());
        false
    });
    let to = Journal::open(journal).map_err(|error| Failure::open(journal, &error))?;
    to.import(events).map_err(|error: ImportError| Failure::journal(path, error))?;
    drop(to);
    if let Some(first) = first {
        let count = if damaged == 1 {
            "1 line is no event".to_owned()
        } else {
            format!("{damaged} lines are no events")
        };
        eprintln!("! {count}, and left out; the first is {first}");
    }
    Journal::read(journal).map_err(|error| Failure::open(journal, &error))
}

/// A journal as the past of a bus that has no events of its own.
struct ReadOnly(Reader);

impl Store for ReadOnly {
    fn write(&self, _: &[Entry]) -> Result<(), StoreError> {
        Err(StoreError::failed("a recording is served, and nothing is written to it"))
    }

    fn archive(&self) -> Option<&dyn Archive> {
        Some(&self.0)
    }
}
