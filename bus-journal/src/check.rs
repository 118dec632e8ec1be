//! A full check of a journal.

use crate::consumers;
use crate::error::QueryError;
use crate::query::Item;
use crate::reader::Reader;
use crate::report::Report;
use crate::runs;

/// How many events are read at once.
const STEP: usize = 1_000;

impl Reader {
    /// Reads everything and reports what is missing or damaged, also the gaps that are known. It
    /// takes as long as reading all events.
    ///
    /// ```
    /// use bus_journal::Journal;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("run.db");
    /// # drop(Journal::open(&path)?);
    /// let report = Journal::read(&path)?.check()?;
    /// assert!(report.is_clean(), "{report}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be read. Damage that SQLite finds is in the report.
    pub fn check(&self) -> Result<Report, QueryError> {
        let mut report = Report::default();
        let all = self.query().oldest_first().limit(STEP);
        for item in all.items() {
            match item {
                Ok(Item::Gap(gap)) => report.gaps.push(gap),
                Ok(Item::Event(_)) => {}
                Err(QueryError::Damaged(error)) => report.damage.push(error),
                Err(error) => return Err(error),
            }
        }
        report.damage.extend(
            self.with(|connection, _, _| {
                let mut damage: Vec<String> = Vec::new();
                for run in runs::all(connection)?.iter().filter(|run| run.is_damaged()) {
                    damage.push(format!("the row of run {:016x} does not match its checksum", run.number));
                }
                damage.extend(consumers::check(connection)?);
                // The indexes too, which a query trusts.
                let mut statement = connection.prepare("PRAGMA integrity_check")?;
                let lines: rusqlite::Result<Vec<String>> =
                    statement.query_map([], |row| row.get(0))?.collect();
                damage.extend(lines?.into_iter().filter(|line| line != "ok"));
                Ok(damage)
            })
            .or_else(|error| match error {
                QueryError::Damaged(error) => Ok(vec![error]),
                error => Err(error),
            })?,
        );
        Ok(report)
    }
}
