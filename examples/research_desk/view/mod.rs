//! The terminal. It knows only the events of the desk: all its content comes through a
//! subscription.

mod answers;
mod bars;
mod log;
mod screen;
mod table;
mod text;
mod timeline;

use std::time::{Duration, Instant};

use bus_core::{AnyEvent, EventBus, EventsAndGaps, Overflow};
use serde_json::{Map, Value};
use tokio::task::JoinHandle;

use self::answers::Answers;
use self::log::Log;
use self::screen::Screen;
use self::timeline::Timeline;

/// Bars are redrawn no more often than this.
const FRAME: Duration = Duration::from_millis(33);

/// The running view.
pub(crate) struct View {
    task: JoinHandle<(Shown, EventsAndGaps)>,
}

/// The result of the view at the end.
struct Shown {
    bus: EventBus,
    screen: Screen,
    log: Log,
    answers: Answers,
    timeline: Timeline,
    drawn: Instant,
    /// The line of the newest event that a newer one may replace.
    newest: Option<String>,
    quiet: bool,
    /// Answers are shown when they are there, because nobody knows when the last one comes.
    at_once: bool,
}

impl View {
    /// Begins to show the events of the bus, and the answers at the end or at once.
    pub(crate) fn open(bus: &EventBus, quiet: bool, at_once: bool) -> Self {
        // `Wait`: a slow terminal slows the desk down; otherwise the log would have gaps.
        let events = bus
            .subscribe_any()
            .name("terminal")
            .capacity(1024)
            .overflow(Overflow::Wait)
            .into_stream()
            .with_gaps();
        let screen = Screen::new();
        let shown = Shown {
            bus: bus.clone(),
            log: Log::new(screen.paint()),
            screen,
            answers: Answers::default(),
            timeline: Timeline::default(),
            drawn: Instant::now(),
            newest: None,
            quiet,
            at_once,
        };
        Self { task: tokio::spawn(shown.follow(events)) }
    }

    /// Waits until every event up to the closing of the bus was shown, then shows the answers, the
    /// timeline and the stats.
    pub(crate) async fn finish(self) {
        // The stream is kept until the stats were taken, because its row ends with it.
        if let Ok((shown, _events)) = self.task.await {
            shown.close();
        }
    }
}

impl Shown {
    async fn follow(mut self, mut events: EventsAndGaps) -> (Self, EventsAndGaps) {
        while let Some(next) = events.recv().await {
            match next {
                Ok(event) => self.see(&event),
                Err(lagged) => {
                    let line = self.log.gap(&lagged);
                    self.screen.line(&line);
                }
            }
        }
        (self, events)
    }

    fn see(&mut self, event: &AnyEvent) {
        let data = data_of(event);
        let policy = event.descriptor().map(|declared| declared.policy).unwrap_or_default();
        self.timeline.see(event, &data);
        self.answers.see(event);
        if self.at_once {
            for line in self.answers.take_lines(self.screen.paint()) {
                self.screen.line(&line);
            }
        }
        if self.quiet {
            return;
        }
        let width = self.screen.width();
        if policy.coalesce.is_none() {
            self.newest = None;
            for line in self.log.lines(event, &data, width) {
                self.screen.line(&line);
            }
        } else if event.execution().is_none() {
            // Only the newest of events that replace each other matters, and the log would be full
            // of them. Those of an execution move its bar.
            self.newest = Some(self.log.line(event, &data, width));
        }
        if !policy.transient || self.drawn.elapsed() >= FRAME {
            self.drawn = Instant::now();
            let bars = bars::lines(self.answers.bars(), self.screen.paint(), width);
            self.screen.set_block(self.newest.iter().cloned().chain(bars).collect());
        }
    }

    fn close(mut self) {
        self.screen.end_block();
        let (paint, width) = (self.screen.paint(), self.screen.width());
        let mut lines = self.answers.take_lines(paint);
        // Without an execution there is no timeline.
        if !self.quiet && !self.answers.bars().is_empty() {
            lines.push(paint.bold("\nTimeline"));
            lines.extend(self.timeline.rows(paint, width));
            lines.push(paint.bold("\nStats"));
            lines.extend(table::rows(&self.bus.stats()));
        }
        for line in lines {
            self.screen.line(&line);
        }
        for fault in self.answers.faults() {
            eprintln!("research_desk: {fault}");
        }
    }
}

fn data_of(event: &AnyEvent) -> Map<String, Value> {
    match event.data() {
        Value::Object(data) => data,
        _ => Map::new(),
    }
}
