"""httpx-sse against examples/sse_server: an execution whose connection is cut. Run with the path of the built example."""

import json
import subprocess
import sys
import urllib.request

import httpx
from httpx_sse import connect_sse

TEXT = " ".join(f"word{number}" for number in range(1000))

server = subprocess.Popen([sys.argv[1], "--port", "0"], stdout=subprocess.PIPE, text=True)
address = server.stdout.readline().split()[-1]
with urllib.request.urlopen(f"{address}/executions", data=TEXT.encode()) as answer:
    execution = answer.read().decode()

seen, said, last, end = [], "", "", None
while end is None:
    headers = {"Last-Event-ID": last} if last else {}
    with httpx.Client() as client:  # gives up after five seconds without a byte
        url = f"{address}/bus/events?wait=3s&execution={execution}"
        with connect_sse(client, "GET", url, headers=headers) as source:
            for count, frame in enumerate(source.iter_sse()):
                assert frame.data, f"an event without data: {frame}"
                if frame.event == "end":
                    end = frame.json()
                elif frame.event == "message":
                    event = frame.json()
                    seen.append(event["seq"])
                    said += event["data"].get("content", "")
                    last = frame.id
                    if count > 300:
                        break
server.kill()
assert end == {"state": "completed"}, end
assert said == TEXT, "a cut changed the text"
assert len(set(seen)) == len(seen), "an event came twice"
print("httpx-sse: nothing missing, nothing twice, the end is known")
