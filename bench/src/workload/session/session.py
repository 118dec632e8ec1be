# Reads a recorded session from standard input, and runs it through the bus once for each further line.
# Arguments: the folder of event_bus.py, how many lines the session has.
import asyncio
import json
import sys
import time
from datetime import datetime

sys.path.insert(0, sys.argv[1])
from event_bus import AgentEvent, EventBus, EventType  # noqa: E402

lines = [sys.stdin.readline() for _ in range(int(sys.argv[2]))]
NAMES = {kind.value: kind for kind in EventType}
HANDLED = [
    EventType.LLM_TEXT_DELTA,
    EventType.TOOL_CALL_STARTED,
    EventType.TOOL_CALL_COMPLETED,
    EventType.NODE_LOOP_STARTED,
    EventType.NODE_LOOP_ITERATION,
    # The original has no kinds for the other three: they come to it as custom events, of which there are as many.
    EventType.CUSTOM,
]


async def run() -> int:
    bus = EventBus()
    counts = {"handled": 0}
    queues = [asyncio.Queue() for _ in range(4)]

    async def handle(event: AgentEvent) -> None:
        counts["handled"] += 1

    for kind in HANDLED:
        bus.subscribe(event_types=[kind], handler=handle)
    for queue in queues:

        async def read(event: AgentEvent, queue: asyncio.Queue = queue) -> None:
            queue.put_nowait(event)

        bus.subscribe(event_types=list(EventType), handler=read)
    written = []
    begun = time.thread_time_ns()
    for line in lines:
        raw = json.loads(line)
        event = AgentEvent(
            type=NAMES.get(raw["type"], EventType.CUSTOM),
            stream_id=raw["stream_id"],
            node_id=raw["node_id"],
            execution_id=raw["execution_id"],
            data=raw["data"],
            timestamp=datetime.fromisoformat(raw["timestamp"]),
            correlation_id=raw["correlation_id"],
        )
        written.append(json.dumps(event.to_dict()))
        await bus.publish(event)
        for queue in queues:
            queue.get_nowait()
    taken = time.thread_time_ns() - begun
    assert counts["handled"] >= len(lines) * 9 // 10 and len(written) == len(lines)
    return taken


for _ in sys.stdin:
    print(asyncio.run(run()), flush=True)
