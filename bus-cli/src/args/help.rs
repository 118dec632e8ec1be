//! The text of `--help`.

pub(crate) const HELP: &str = "\
Looks at recorded events: in columns on a terminal, as JSON lines for programs.

usage: bus COMMAND [SOURCE] [ID | FILE] [FILTER]...

  log          events in order
                 -n N         the last N
                 -f           then those that are recorded from now on
                 --around ID  this event, and N (10) before and after it
                 --deltas     do not fold runs of deltas
  show ID      an event with all its data, or an execution as a tree
                 --payload    the data of the event only
                 --why        the events that led to it, oldest first
  executions   one row an execution
                 --failed     those that failed or report an error
                 --open       those that are not over
                 --slow 1s    those that took longer
  query        counts; with a percentile or `dur:`, durations from the event
               that begins something to the one that ends it
                 --by KEYS    kind unless set: stream, node, execution,
                              correlation, attribute.NAME, or a name in the
                              data such as tool_name; several with commas
                 --p50 --p99  percentiles of the durations
  diff FILE    how the recording FILE differs from SOURCE, by execution; times,
               ids of events and the borders of deltas do not count
                 --rename F   the values of a field are new each time, as those
                              of tool_use_id
                 --ignore F   a field does not count
                 --first      the first difference of each execution only
  serve        the recording over HTTP, on this machine only, to whoever has the
               link that it prints; until Ctrl-C
                 --port N     a free one unless set
  export       the events as JSON lines
                 --format jsonl|cloudevents
                              to the letter as they were recorded, unless they
                              are asked for as CloudEvents 1.0
  import FILE  takes the events of FILE into the journal SOURCE, each once; it
               writes, so both are named: $BUS_SOURCE is neither of them
  doctor       reads the whole journal SOURCE, and says what is damaged

SOURCE   run.db (a journal), run.jsonl, run.jsonl.gz, - for standard input, or
         http://host/bus, the address of a bus that is served by bus-web;
         $BUS_SOURCE unless the next word names a file or looks like one;
         for diff it is the first of the two recordings if only one is named
FILTER   words that must all fit:
           kind:tool_*  execution:exec-4  error  \"connection reset\"  after:5m
           data.tool_name:grep  -kind:llm_text_delta (which must not fit)
         Several values of one name mean any of them. dur:>1s finds the events
         that end something that took longer. kind:tool_call stands for the
         durations from tool_call_started to tool_call_completed.

  --json                      JSON lines also on a terminal
  --color auto|always|never   on a terminal unless set; NO_COLOR turns it off
  --width N                   columns of the output: the terminal's, or 120
  --help, --version           this text, or the version of `bus`

exit code: 0 found or equal, 1 nothing found or different, 2 wrong use,
           3 damaged or with a gap in the answer, 4 cannot be read,
           130 stopped by Ctrl-C
";
