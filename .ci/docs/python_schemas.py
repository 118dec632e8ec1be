"""The schemas, the bus and the models agree: events that the bus wrote are valid, and both the bus and the models read what
hypothesis-jsonschema makes from a schema."""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import hypothesis
import hypothesis_jsonschema
import jsonschema

catalogue, session = map(pathlib.Path, sys.argv[1:3])
reader = sys.argv[3] if len(sys.argv) > 3 else ""
events = json.loads((catalogue / "catalog.json").read_text())["events"]
count = int(os.environ.get("INSTANCES", "10"))
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


def validate(schemas: dict[str, dict]) -> None:
    single = {kind: validator(found) for kind, found in schemas.items()}
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
    """The schema without references: hypothesis-jsonschema knows no type that holds itself, so what such a type holds is left
    out."""
    if isinstance(part, list):
        return [unrolled(item, types, within) for item in part]
    if not isinstance(part, dict):
        return part
    found = {key: unrolled(value, types, within) for key, value in part.items() if key not in ("$defs", "$ref", "properties")}
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
    @hypothesis.given(hypothesis_jsonschema.from_schema(unrolled(part, types)))
    def add(instance: object) -> None:
        found.append(instance)

    add()
    return found


def made(schemas: dict[str, dict]) -> tuple[list[dict], list[dict]]:
    """Whole lines of one kind, since the envelope is the same for each and takes most of the time; and lines of each kind whose
    data is made. hypothesis-jsonschema finds no instance where two names of one field exclude each other."""
    plain = schemas[min(events, key=lambda event: len(event["fields"]))["kind"]]
    whole, with_data = instances(plain, plain["$defs"]), []
    for event in events:
        types = schemas[event["kind"]]["$defs"]
        data = unrolled(schemas[event["kind"]]["properties"]["data"], types)
        if "allOf" in data:
            print(f"left out: instances of {event['kind']}")
            continue
        with_data += [{**json.loads(event["example"]), "data": instance} for instance in instances(data, types)]
    return whole, with_data


def read(lines: list[dict]) -> None:
    text = [json.dumps(line) for line in lines]
    outcomes = subprocess.run([reader, "read"], input="\n".join(text), capture_output=True, text=True).stdout.splitlines()
    if len(outcomes) != len(lines):
        fail(f"the reader wrote {len(outcomes)} lines for {len(lines)}")
    reported = set()
    for event, line, outcome in zip(lines, text, outcomes):
        if outcome != "typed" and event["type"] not in reported:
            reported.add(event["type"])
            fail(f"{event['type']}: {outcome}\n  {line:.300}")
    print(f"the bus reads {outcomes.count('typed')} of {len(lines)} instances of the schemas with their types")


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
validate(schemas)
if reader:
    whole, with_data = made(schemas)
    read(whole + with_data)
    load(with_data)
sys.exit(failed)
