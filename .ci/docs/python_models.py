"""The models can be imported, and load the examples and the recorded events; they refuse broken events, with the error that they document."""

import copy
import importlib.util
import json
import pathlib
import sys
import warnings

catalogue, session = map(pathlib.Path, sys.argv[1:3])
events = json.loads((catalogue / "catalog.json").read_text())["events"]
failed = False


def fail(text: str) -> None:
    global failed
    failed = True
    print(text)


spec = importlib.util.spec_from_file_location("events", catalogue / "events.py")
assert spec and spec.loader
module = importlib.util.module_from_spec(spec)
sys.modules["events"] = module
sys.dont_write_bytecode = True
# Pydantic warns of a field that hides an attribute of its own.
warnings.simplefilter("error")
spec.loader.exec_module(module)
adapter = module.pydantic.TypeAdapter(module.Event)


def refused(line: object, load=module.load) -> bool:
    try:
        load(line)
    except module.pydantic.ValidationError:
        return True
    return False


def data(event: object) -> dict:
    return json.loads(event.model_dump_json(by_alias=True))["data"]


def same(key: str, wanted: object, found: object) -> None:
    if wanted != found:
        fail(f"{key}: {found} in place of {wanted}")


def loads(event: dict) -> None:
    kind, right = event["kind"], json.loads(event["example"])
    loaded = module.load(event["example"])
    if loaded.type != kind or not isinstance(loaded, module.Envelope):
        fail(f"{kind}: loads as {loaded!r}")
    if not loaded == module.load_any(event["example"]) == adapter.validate_json(event["example"]):
        fail(f"{kind}: differs from what load_any or a TypeAdapter loads")
    written = data(loaded)
    for key, value in right["data"].items():
        same(f"{kind}.{key}", value, written.get(key))
    foreign = {"seq": "p0-17", "version": "0.0.1", "id": "17"}
    kept = json.loads(module.load(json.dumps({**right, **foreign})).model_dump_json(include={*foreign}))
    same(f"{kind} of another system", foreign, kept)
    for older in event.get("aliases", []):
        same(f"{kind} as {older}", loaded, module.load(json.dumps({**right, "type": older})))


def defaults(event: dict) -> None:
    example = json.loads(event["example"])
    given = {field["name"] for field in event["fields"] if field["required"]}
    known = [f for f in event["fields"] if not f["required"] and "default_value" in f and not f.get("flattened")]
    # What is flattened is required by the type of its field.
    if any(field.get("flattened") for field in event["fields"]):
        given = example["data"].keys() - {field["name"] for field in known}
    example["data"] = {key: value for key, value in example["data"].items() if key in given}
    made = data(module.load(json.dumps(example)))
    for field in known:
        same(f"the default of {event['kind']}.{field['name']}", field["default_value"], made.get(field["name"]))
        if "default" in field and field["schema"].get("type") in ("integer", "string", "array"):
            null = {**example, "data": {**example["data"], field["name"]: None}}
            same(f"null for {event['kind']}.{field['name']}", made, data(module.load(json.dumps(null))))


def broken(event: dict) -> list[dict]:
    right = json.loads(event["example"])
    wrong = [{**right, "type": "no_such_kind"}, {**right, "data": []}, {**right, "timestamp": "yesterday"}]
    wrong += [{key: value for key, value in right.items() if key != "stream_id"}, {**right, "seq": [7]}, {**right, "version": True}]
    wrong += [{**right, "node_id": None}] if event["scope"]["node"] else []
    for field in event["fields"]:
        if field["required"]:
            without = copy.deepcopy(right)
            del without["data"][field["name"]]
            wrong.append(without)
    return wrong


count = 0
examples = [event for event in events if not event.get("example_lacks")]
for event in examples:
    loads(event)
    defaults(event)
    for at, line in enumerate(broken(event)):
        count += 1
        if not refused(json.dumps(line)):
            fail(f"{event['kind']}: accepts broken event {at}")
print(f"{len(examples)} of {len(events)} examples loaded, {count} broken ones refused")

# Lines that are no event, or no JSON, raise nothing but the documented error.
lines = ["", "nul", "5", "[]", "null", "[" * 5000, "1" * 5000, '"\\ud800"', "\ud800", b"\xff", b"\x00", "{}", '{"type":[]}', '{"type":{}}', '{"type":5}']
lines += ['{"type":"a"}', '{"type":"a","data":NaN}', '{"type":1e999}', '{"type":"\\ud800"}', '{"type":' + '{"a":' * 300, f'{{"type":"{events[0]["kind"]}"}}']
for line in lines:
    for load in [module.load, module.load_any]:
        if not refused(line, load):
            fail(f"{load.__name__} accepts {line!r:.80}")

recorded = session.read_text().splitlines()
for number, line in enumerate(recorded, 1):
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
print(f"{len(recorded)} recorded events loaded")
sys.exit(failed)
