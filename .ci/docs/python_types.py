"""mypy, pyright, ty and pyrefly pass the models of each catalogue, and a use of them that must handle every kind."""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

here = pathlib.Path(__file__).parent
programs = pathlib.Path(sys.executable).parent
# What pyright installs goes to the target folder like everything else.
environment = {
    **os.environ,
    "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    "PYRIGHT_PYTHON_CACHE_DIR": str(here / "pyright"),
    "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
}
checkers = {
    "mypy --strict": ["mypy", "--strict", "--cache-dir=mypy"],
    "pyright": ["pyright", f"--pythonpath={sys.executable}"],
    "ty": ["ty", "check", f"--python={programs.parent}"],
    "pyrefly": ["pyrefly", "check", f"--python-interpreter-path={sys.executable}"],
}


def usage(events: list[dict]) -> str:
    cases = "\n".join(
        f"    if event.type == {json.dumps(event['kind'])}:\n        return len(event.stream_id)" for event in events
    )
    return f"""import typing

import events


def size(event: events.Event) -> int:
{cases}
    typing.assert_never(event)


def read(line: str) -> int:
    event = events.load_any(line)
    return 0 if isinstance(event, events.Undeclared) else size(event)
"""


def prepare(catalogue: pathlib.Path) -> pathlib.Path:
    folder = here / "python_usage" / catalogue.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "events.py").write_text((catalogue / "events.py").read_text())
    (folder / "usage.py").write_text(usage(json.loads((catalogue / "catalog.json").read_text())["events"]))
    return folder


def check(folder: pathlib.Path, name: str) -> tuple[bool, str]:
    program, *options = checkers[name]
    command = [programs / program, *options, "events.py", "usage.py"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    passed = done.returncode == 0
    return passed, f"{folder.name}: {name} passes" if passed else f"{folder.name}: {name} FAILS\n{done.stdout}{done.stderr}"


folders = [prepare(pathlib.Path(path)) for path in sys.argv[1:]]
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    found = list(pool.map(lambda case: check(*case), [(folder, name) for folder in folders for name in checkers]))
print("\n".join(text for _, text in found))
sys.exit(not all(passed for passed, _ in found))
