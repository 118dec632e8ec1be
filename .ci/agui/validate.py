"""Every body through ag-ui-validate: no error, and no warning."""

import asyncio
import pathlib
import sys

from ag_ui_validate.transport import TransportOptions, validate_body


async def chunks(path):
    yield path.read_bytes()


async def main(folder):
    bodies, problems = sorted(pathlib.Path(folder).glob("*.sse")), 0
    for path in bodies:
        options = TransportOptions()
        options.recorded = True
        result = await validate_body(chunks(path), None, options)
        found = [one for one in result.report.diagnostics if one.severity in ("error", "warning")]
        problems += len(found)
        for one in found[:5]:
            print(f"{path.name}: {one}")
    print(f"{len(bodies)} bodies: {problems} problems")
    return 0 if bodies and not problems else 1


sys.exit(asyncio.run(main(sys.argv[1])))
