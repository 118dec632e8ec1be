"""datamodel-code-generator makes models from the bundle of all schemas; they can be imported, and load every example."""

import importlib.util
import json
import pathlib
import sys

import datamodel_code_generator as generator
import pydantic

catalogue = pathlib.Path(sys.argv[1])
events = json.loads((catalogue / "catalog.json").read_text())["events"]
folder = pathlib.Path(__file__).parent / "generated_models"
folder.mkdir(exist_ok=True)
output = folder / f"{catalogue.name}.py"
generator.generate(
    catalogue / "schema" / "events.schema.json",
    input_file_type=generator.InputFileType.JsonSchema,
    output=output,
    output_model_type=generator.DataModelType.PydanticV2BaseModel,
    target_python_version=generator.PythonVersion.PY_311,
    formatters=[],
    disable_timestamp=True,
)
spec = importlib.util.spec_from_file_location("generated", output)
assert spec and spec.loader
module = importlib.util.module_from_spec(spec)
sys.modules["generated"] = module
sys.dont_write_bytecode = True
spec.loader.exec_module(module)

failed = False
examples = [event for event in events if not event.get("example_lacks")]
for event in examples:
    model = getattr(module, event["name"])
    try:
        model.model_validate_json(event["example"])
    except pydantic.ValidationError as error:
        failed = True
        print(f"{event['kind']}: {error}")
print(f"{len(examples)} examples loaded by generated models")
sys.exit(failed)
