#!/bin/bash
# Measures the command `bus` beside sqlite3, jq and zcat:
# bash bus-cli/measure.sh RECORDING
#
# RECORDING has one event a line as JSON; calls of `tool_call_started` and `tool_call_completed`
# with a `tool_use_id` are what its durations are of. Needs sqlite3 and jq. Times are of the
# processor, with the start of the process, so that other work on the machine disturbs them little;
# each is the best of seven. Writes a table in Markdown.
set -eu
recording=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cargo build -q --release -p agent-events-cli
bus=${CARGO_TARGET_DIR:-target}/release/bus
journal=$folder/run.db
lines=$folder/run.jsonl
"$bus" log "$recording" > "$lines"
gzip -k "$lines"
"$bus" import "$journal" "$lines" > "$folder/imported"
# The execution with the most events.
execution=$("$bus" query "$journal" --by execution | head -n 1 | jq -r .execution)

# The least processor time of a shell command in seven tries, in tenths of milliseconds. A try is ten
# runs where the first argument says so.
best() {
    local runs=$1 least= took
    TIMEFORMAT='%3U %3S'
    for _ in 1 2 3 4 5 6 7; do
        took=$({ time for ((run = 0; run < runs; run++)); do
            bash -c "$2" > "$folder/out" 2> "$folder/err" || :
        done; } 2>&1 | awk -v runs="$runs" '{ printf "%d", ($1 + $2) * 10000 / runs }')
        if [ -z "$least" ] || [ "$took" -lt "$least" ]; then least=$took; fi
    done
    echo "$least"
}

row() {
    local own other
    own=$(best "$1" "$3")
    other=$(best "$1" "$4")
    awk -v a="$own" -v b="$other" -v name="$2" \
        'BEGIN { printf "| %s | %.1f ms | %.1f ms | %.2f |\n", name, a / 10, b / 10, a / b }'
}

cat > "$folder/durations.sql" << 'SQL'
WITH begun AS MATERIALIZED (
    SELECT e.scope, e.execution, e.time, e.data ->> 'tool_use_id' AS id, e.data ->> 'tool_name' AS tool
    FROM events e JOIN kinds k ON k.id = e.kind WHERE k.name = 'tool_call_started'),
ended AS MATERIALIZED (
    SELECT e.scope, e.execution, e.time, e.data ->> 'tool_use_id' AS id
    FROM events e JOIN kinds k ON k.id = e.kind WHERE k.name = 'tool_call_completed'),
calls AS (
    SELECT tool, ended.time - begun.time AS took FROM begun
    JOIN ended ON ended.id = begun.id AND ended.scope = begun.scope AND ended.execution IS begun.execution),
ranked AS (
    SELECT tool, took, row_number() OVER (PARTITION BY tool ORDER BY took) AS n,
        count(*) OVER (PARTITION BY tool) AS calls FROM calls)
SELECT tool, max(calls), max(CASE WHEN n = (calls * 50 + 99) / 100 THEN took END),
    max(CASE WHEN n = (calls * 99 + 99) / 100 THEN took END) FROM ranked GROUP BY tool;
SQL
count="SELECT k.name, count(*) FROM events e JOIN kinds k ON k.id = e.kind GROUP BY e.kind"
one="SELECT e.position, k.name, e.time, e.data FROM events e JOIN kinds k ON k.id = e.kind
    JOIN executions x ON x.id = e.execution WHERE x.name = '$execution' ORDER BY e.position"
pairs='reduce inputs as $e ({}; if $e.type == "tool_call_started" then
        .open[$e.data.tool_use_id] = $e elif $e.type == "tool_call_completed" then
        .took[.open[$e.data.tool_use_id].data.tool_name] += [$e.timestamp] else . end)
    | .took | map_values(length)'

echo "| question, over $(wc -l < "$lines") events | bus | other | ratio |"
echo "|---|---|---|---|"
durations="kind:tool_call --by tool_name --p50 --p99"
row 10 "journal: count by kind; sqlite3" "$bus query $journal" "sqlite3 $journal \"$count\""
row 10 "journal: all of one execution; sqlite3" "$bus log $journal execution:$execution" "sqlite3 $journal \"$one\""
row 10 "journal: durations of pairs; sqlite3" "$bus query $journal $durations" "sqlite3 $journal < $folder/durations.sql"
row 1 "lines: count by kind; jq" "$bus query $lines" "jq -r .type $lines | sort | uniq -c"
row 1 "lines: all of one execution; jq" "$bus log $lines execution:$execution" \
    "jq -c 'select(.execution_id == \"$execution\")' $lines"
row 1 "lines: pairs; jq, without percentiles" "$bus query $lines $durations" "jq -n '$pairs' $lines"
row 1 "gzip: count by kind; \`zcat \\|\`" "$bus query $lines.gz" "zcat $lines.gz | $bus query -"
