"""Runs the Python code of docs/from-python.md against the Python bus: `from_python.py PAGE BUS`.

The Python bus is not part of the repository: without it, only the syntax is checked.
"""

import ast
import asyncio
import importlib.util
import inspect
import re
import sys
from pathlib import Path

page, bus_file = map(Path, sys.argv[1:3])
text = page.read_text(encoding="utf-8")
blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
assert len(blocks) == 3, f"{len(blocks)} blocks of Python: emit, subscribe, wait were expected"
programs = [
    compile(block, f"{page}, block {number}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    for number, block in enumerate(blocks, 1)
]
if not bus_file.is_file():
    print(f"left out: running {len(blocks)} blocks ({bus_file} is not here); their syntax is right")
    sys.exit()

spec = importlib.util.spec_from_file_location("event_bus", bus_file)
module = importlib.util.module_from_spec(spec)
sys.modules["event_bus"] = module
spec.loader.exec_module(module)


async def run(program, names):
    """Runs a block, which may await at its top level."""
    result = eval(program, names)
    if inspect.isawaitable(result):
        await result


async def main():
    emit, subscribe, wait = programs
    bus = module.EventBus()
    names = {"bus": bus, "EventType": module.EventType, "AgentEvent": module.AgentEvent, "log": []}

    # The handler of the page hears what the page emits, until it is unsubscribed as there.
    await run(subscribe, names)
    await run(emit, names)
    assert names["log"] == [], "the page has unsubscribed"
    bus.subscribe(
        event_types=[module.EventType.TOOL_CALL_STARTED], handler=names["on_tool"], filter_execution="exec-1"
    )
    await run(emit, names)
    assert names["log"] == ["grep"], names["log"]

    waiting = asyncio.create_task(run(wait, names))
    await asyncio.sleep(0)  # It waits now: the Python bus does not look back.
    await bus.emit_execution_completed(stream_id="desk", execution_id="exec-1")
    await asyncio.wait_for(waiting, 10)
    assert names["event"].type == "execution_completed"
    assert [event.data["tool_name"] for event in names["recent"]] == ["grep", "grep"]

    # Facts that the table of the page states.
    defaults = inspect.signature(module.EventBus).parameters
    for name, value in [("max_history", 1000), ("max_concurrent_handlers", 10)]:
        assert f"{name}={value}" in text and defaults[name].default == value, name
    keys = "type stream_id node_id execution_id data timestamp correlation_id".split()
    assert list(names["event"].to_dict()) == keys
    print(f"{len(blocks)} blocks run with Python {sys.version.split()[0]}")


asyncio.run(main())
