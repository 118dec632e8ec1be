"""Puts the schemas and the examples where the package in the folder `typify` reads them, without the kinds that typify cannot do: docs/tools.md has them, each with its reason."""

import json
import pathlib
import re
import sys

agent, hard, folder = map(pathlib.Path, sys.argv[1:4])
LEFT = {"hard.alike", "hard.letters", "hard.levels", "hard.standard", "hard.tags"}

for name, catalogue in [("agent", agent), ("hard", hard)]:
    facts = json.loads((catalogue / "catalog.json").read_text())
    bundle = json.loads((catalogue / "schema/events.schema.json").read_text())
    types = bundle["$defs"]
    named = [types[choice["$ref"].split("/")[-1]] for choice in bundle["oneOf"]]
    kinds = [event["properties"]["type"]["enum"] for event in named]
    bundle["oneOf"] = [choice for choice, kind in zip(bundle["oneOf"], kinds) if not LEFT & set(kind)]
    used: set[str] = set()
    waiting = [bundle["oneOf"]]
    while waiting:
        found = set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(waiting.pop()))) - used
        used |= found
        waiting += [types[type] for type in found]
    bundle["$defs"] = {key: types[key] for key in sorted(used)}
    facts["events"] = [event for event in facts["events"] if event["kind"] not in LEFT and not event.get("example_lacks")]
    (folder / f"{name}.schema.json").write_text(json.dumps(bundle))
    (folder / f"{name}.json").write_text(json.dumps(facts))
