"""Runs random programs through the Python original and writes down what it did, one program a line.

Usage: python3 record.py PATH/event_bus.py [PROGRAMS] > corpus.jsonl

Only what the original does right is asked of it: no empty filters, no time-outs of zero, one publish at a time.
"""

import asyncio
import importlib.util
import json
import logging
import random
import sys

KINDS = ["execution_started", "execution_completed", "tool_call_started", "llm_text_delta", "custom"]


def load(path):
    spec = importlib.util.spec_from_file_location("original", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["original"] = module
    spec.loader.exec_module(module)
    return module


def place(dice):
    """Stream, node and execution of an event."""
    return dice.choice("ab"), dice.choice([None, "n", "m"]), dice.choice([None, "x", "y"])


def filters(dice):
    return dice.choice([None, "a", "b"]), dice.choice([None, None, "n"]), dice.choice([None, None, "x"])


async def turn():
    for _ in range(8):
        await asyncio.sleep(0)


async def program(module, seed):
    dice = random.Random(seed)
    capacity = dice.choice([2, 5, 1000])
    bus = module.EventBus(max_history=capacity, max_concurrent_handlers=dice.choice([1, 10]))
    steps, ids, heard, waits, count = [], [], [], [], 0

    def handler(slot, fails):
        async def handle(event):
            heard[slot].append(event.data["n"])
            await asyncio.sleep(0)
            if fails:
                raise RuntimeError("on purpose")

        return handle

    async def wait(slot, kind, where):
        event = await bus.wait_for(module.EventType(kind), *where)
        waits[slot] = event.data["n"]

    tasks = []
    for _ in range(dice.randrange(8, 30)):
        what = dice.choices(["subscribe", "unsubscribe", "publish", "history", "wait"], [4, 1, 12, 2, 1])[0]
        if what == "subscribe":
            kinds, where, fails = dice.sample(KINDS, dice.randrange(1, 4)), filters(dice), dice.random() < 0.2
            heard.append([])
            found = bus.subscribe([module.EventType(k) for k in kinds], handler(len(ids), fails), *where)
            ids.append(found)
            steps.append({"do": what, "kinds": kinds, "where": where, "fails": fails})
        elif what == "unsubscribe" and ids:
            slot = dice.randrange(len(ids))
            steps.append({"do": what, "slot": slot, "was_there": bus.unsubscribe(ids[slot])})
        elif what == "publish":
            count += 1
            kind, where = dice.choice(KINDS), place(dice)
            await bus.publish(module.AgentEvent(module.EventType(kind), *where, data={"n": count}))
            await turn()
            steps.append({"do": what, "kind": kind, "where": where, "n": count})
        elif what == "history":
            kind, stream, execution, limit = dice.choice([None, *KINDS]), dice.choice([None, "a"]), dice.choice([None, "x"]), dice.randrange(1, 8)
            found = bus.get_history(module.EventType(kind) if kind else None, stream, execution, limit)
            steps.append({"do": what, "kind": kind, "stream": stream, "execution": execution, "limit": limit, "found": [e.data["n"] for e in found]})
        elif what == "wait":
            kind, where = dice.choice(KINDS), filters(dice)
            waits.append(None)
            tasks.append(asyncio.create_task(wait(len(waits) - 1, kind, where)))
            await turn()
            steps.append({"do": what, "kind": kind, "where": where})
    kept = bus.get_stats()
    open_waits = sum(n is None for n in waits)
    for task in tasks:
        task.cancel()
    return {
        "history": capacity,
        "steps": steps,
        "heard": heard,
        "waits": waits,
        "kept": kept["total_events"],
        "by_kind": kept["events_by_type"],
        "subscriptions": kept["subscriptions"] - open_waits,
    }


def main():
    logging.disable(logging.CRITICAL)
    module = load(sys.argv[1])
    for seed in range(int(sys.argv[2]) if len(sys.argv) > 2 else 100):
        print(json.dumps(asyncio.run(program(module, seed)), separators=(",", ":")))


main()
