"""mypy in strict mode passes the models and a use of them; they load the examples and the recorded session, and refuse broken events."""

import copy
import importlib.util
import json
import pathlib
import subprocess
import sys

catalogue, session = map(pathlib.Path, sys.argv[1:3])
events = json.loads((catalogue / "catalog.json").read_text())["events"]
folder = pathlib.Path(__file__).parent / "python_usage"
folder.mkdir(exist_ok=True)
failed = False


def fail(text: str) -> None:
    global failed
    failed = True
    print(text)


cases = "\n".join(
    f"    if event.type == {json.dumps(event['kind'])}:\n        return len(event.stream_id)" for event in events
)
usage = f"""import typing

import events


def size(event: events.Event) -> int:
{cases}
    typing.assert_never(event)


def read(line: str) -> int:
    event = events.load_any(line)
    return 0 if isinstance(event, events.Undeclared) else size(event)
"""
(folder / "events.py").write_text((catalogue / "events.py").read_text())
(folder / "usage.py").write_text(usage)
mypy = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder / "cache"), "events.py", "usage.py"]
checked = subprocess.run(mypy, cwd=folder, capture_output=True, text=True)
print(checked.stdout.strip())
failed |= checked.returncode != 0

spec = importlib.util.spec_from_file_location("events", catalogue / "events.py")
assert spec and spec.loader
module = importlib.util.module_from_spec(spec)
sys.modules["events"] = module
sys.dont_write_bytecode = True
spec.loader.exec_module(module)


def refused(event: object) -> bool:
    try:
        module.load(json.dumps(event))
    except module.pydantic.ValidationError:
        return True
    return False


count = 0
for event in events:
    right = json.loads(event["example"])
    loaded = module.load(event["example"])
    if type(loaded).__name__ != event["name"] or loaded.type != event["kind"]:
        fail(f"{event['kind']}: loads as {type(loaded).__name__}")
    wrong = [{**right, "type": "no_such_kind"}, {**right, "data": []}, {**right, "timestamp": "yesterday"}]
    wrong += [{key: value for key, value in right.items() if key != "stream_id"}, {**right, "seq": "seven"}]
    wrong += [{**right, "node_id": None}] if event["scope"]["node"] else []
    for field in event["fields"]:
        if field["required"]:
            without = copy.deepcopy(right)
            del without["data"][field["name"]]
            wrong.append(without)
    count += len(wrong)
    for at, broken in enumerate(wrong):
        if not refused(broken):
            fail(f"{event['kind']}: accepts broken event {at}")
print(f"{len(events)} examples loaded, {count} broken ones refused")

lines = session.read_text().splitlines()
for number, line in enumerate(lines, 1):
    try:
        event = module.load(line)
    except module.pydantic.ValidationError as error:
        fail(f"line {number}: {error}")
        continue
    if event.attributes.keys() - {"graph_id"}:
        fail(f"line {number}: attributes {event.attributes}")
unknown = module.load_any('{"type": "vendor", "stream_id": "s", "data": 1, "timestamp": "2026-01-01T00:00:00"}')
if not isinstance(unknown, module.Undeclared):
    fail("an undeclared kind is not reported as one")
print(f"{len(lines)} recorded events loaded")
sys.exit(failed)
