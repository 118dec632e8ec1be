"""The schemas, the bus and the models agree, both ways: the bus and the models read what hypothesis-jsonschema makes from a schema, and
what the bus writes of it is valid, and is read by the models too."""

import collections
import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import hypothesis
import hypothesis.strategies
import hypothesis_jsonschema
import jsonschema

catalogue, session = map(pathlib.Path, sys.argv[1:3])
reader = sys.argv[3] if len(sys.argv) > 3 else ""
events = json.loads((catalogue / "catalog.json").read_text())["events"]
count = int(os.environ.get("INSTANCES", "10"))
# The fields, by kind, whose types refuse what their schemas accept, each with the reason.
UNSAID = json.loads(pathlib.Path(__file__).with_name("unsaid.json").read_text())
# Those that hypothesis-jsonschema does not know.
FORMATS = {"uuid": hypothesis.strategies.uuids().map(str)}
failed = False


def fail(text: str) -> None:
    global failed
    failed = True
    print(text)


def schema(name: str) -> dict:
    found = json.loads((catalogue / "schema" / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(found)
    return found


def validator(found: dict) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(found, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def validate(single: dict[str, jsonschema.Draft202012Validator]) -> None:
    bundle = validator(schema("events"))
    examples = [json.loads(event["example"]) for event in events if not event.get("example_lacks")]
    recorded = [json.loads(line) for line in session.read_text().splitlines()]
    for event in examples + recorded:
        for error in single[event["type"]].iter_errors(event):
            fail(f"{event['type']}: {error.json_path}: {error.message}")
    for event in examples:
        if not bundle.is_valid(event):
            fail(f"{event['type']}: is not valid in the bundle")
    print(f"{len(examples)} examples and {len(recorded)} recorded events are valid")


def unrolled(part: object, types: dict[str, dict], within: tuple[str, ...] = ()) -> object:
    """The schema as hypothesis-jsonschema knows it: in the form of draft 7, and without references, so that what a type that holds
    itself holds is left out."""
    if isinstance(part, list):
        return [unrolled(item, types, within) for item in part]
    if not isinstance(part, dict):
        return part
    found = {key: unrolled(value, types, within) for key, value in part.items() if key not in ("$defs", "$ref", "properties")}
    if "prefixItems" in found:
        found["items"] = found.pop("prefixItems")
    if "properties" in part:
        found["properties"] = {key: unrolled(value, types, within) for key, value in part["properties"].items()}
    if "$ref" not in part:
        return found
    name = part["$ref"].removeprefix("#/$defs/")
    if name in within:
        return {"not": {}}
    inside = unrolled(types[name], types, (*within, name))
    return {"allOf": [inside, found]} if found.keys() - {"description", "default"} else inside


def instances(part: dict, types: dict[str, dict]) -> list[object]:
    found = []

    @hypothesis.seed(13)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(hypothesis_jsonschema.from_schema(unrolled(part, types), custom_formats=FORMATS))
    def add(instance: object) -> None:
        found.append(instance)

    add()
    return found


def made(schemas: dict[str, dict]) -> tuple[list[dict], list[dict]]:
    """Whole lines of one kind, since the envelope is the same for each and takes most of the time; and lines of each kind whose
    data is made."""
    plain = schemas[min(events, key=lambda event: len(event["fields"]))["kind"]]
    whole, with_data = instances(plain, plain["$defs"]), []
    for event in events:
        found = schemas[event["kind"]]
        data = found["$defs"][found["title"] + "Data"]
        with_data += [{**json.loads(event["example"]), "data": instance} for instance in instances(data, found["$defs"])]
    return whole, with_data


def read(lines: list[dict]) -> list[dict]:
    """The lines with the data that the bus writes for them."""
    text = [json.dumps(line) for line in lines]
    outcomes = subprocess.run([reader, "read"], input="\n".join(text), capture_output=True, text=True).stdout.rstrip("\n").split("\n")
    if len(outcomes) != len(lines):
        fail(f"the reader wrote {len(outcomes)} lines for {len(lines)}")
    reported, written, excused = set(), [], collections.Counter()
    for event, line, outcome in zip(lines, text, outcomes):
        if outcome.startswith("typed "):
            written.append({**event, "data": json.loads(outcome.removeprefix("typed "))})
        elif reason := unsaid(event["type"], outcome):
            excused[reason] += 1
        elif event["type"] not in reported:
            reported.add(event["type"])
            fail(f"{event['type']}: {outcome}\n  {line:.300}")
    print(f"the bus reads {len(written)} of {len(lines)} instances of the schemas with their types")
    for reason, times in sorted(excused.items()):
        print(f"  it refuses {times}, which no schema can say: {reason}")
    return written


def unsaid(kind: str, outcome: str) -> str | None:
    for field, reason in UNSAID.get(kind, {}).items():
        if f"field `{field}`" in outcome:
            return f"{kind}.{field}: {reason}"
    return None


def check_written(lines: list[dict], single: dict[str, jsonschema.Draft202012Validator]) -> None:
    for line in lines:
        for error in single[line["type"]].iter_errors(line):
            fail(f"{line['type']}: the bus writes what its schema refuses: {error.json_path}: {error.message}")


def load(lines: list[dict]) -> None:
    spec = importlib.util.spec_from_file_location("events", catalogue / "events.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["events"] = module
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    reported = set()
    for line in lines:
        try:
            module.load(json.dumps(line))
        except module.pydantic.ValidationError as error:
            if line["type"] not in reported:
                reported.add(line["type"])
                fail(f"{error}\n  {json.dumps(line):.300}")


schemas = {event["kind"]: schema(event["kind"]) for event in events}
single = {kind: validator(found) for kind, found in schemas.items()}
validate(single)
if reader:
    whole, with_data = made(schemas)
    check_written(read(whole), single)
    written = read(with_data)
    check_written(written, single)
    load(with_data + written)
sys.exit(failed)
