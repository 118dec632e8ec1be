#!/usr/bin/env bash
# hypothesis-jsonschema makes no object with a release of hypothesis that its requirements allow.
#
# One would expect an install without versions of one's own to work: the tool asks for hypothesis of
# a lowest version, and for no highest. What happens: each schema of an object ends in an
# AttributeError with hypothesis 6.170.17, and works with 6.170.9. It concerns people who test
# readers with events made from a published schema: their tests begin to fail by an update of
# another package.
#
# Output seen:
#   6.170.9 makes an object
#   6.170.17 AttributeError: 'many' object has no attribute 'more'
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
cat > "$folder/make.py" <<'PY'
import warnings
from importlib.metadata import version

import hypothesis_jsonschema

warnings.simplefilter("ignore")
schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
try:
    made = hypothesis_jsonschema.from_schema(schema).example()
    print(version("hypothesis"), "makes an object" if isinstance(made["a"], int) else made)
except AttributeError as error:
    print(version("hypothesis"), f"AttributeError: {error}")
PY
for version in 6.170.9 6.170.17; do
  "$folder/bin/pip" install --quiet --disable-pip-version-check \
    hypothesis-jsonschema==0.23.1 "hypothesis==$version"
  "$folder/bin/python" "$folder/make.py" | tee -a "$folder/seen"
done
grep -qx "6.170.9 makes an object" "$folder/seen"
grep -qx "6.170.17 AttributeError: 'many' object has no attribute 'more'" "$folder/seen"
