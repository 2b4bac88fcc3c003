#!/usr/bin/python3
"""A server of id-heartbeat (docs/PROTOCOL.md, whose rules are named here), on the package `websockets`, 10.4 or later.

    /usr/bin/python3 examples/servers/python/server.py [PORT] [--silence MS]
"""
import argparse
import asyncio
import http
import json
import signal
import sys
import time
import uuid

try:
    from websockets.exceptions import ConnectionClosed, PayloadTooBig
    from websockets.legacy.server import WebSocketServerProtocol, serve
except ImportError:
    sys.exit("The package websockets is missing: apt-get install python3-websockets, and start this with /usr/bin/python3")

parser = argparse.ArgumentParser(description="A server of id-heartbeat")
parser.add_argument("port", type=int, nargs="?", default=8080, help="0: any that is free")
parser.add_argument("--silence", type=int, default=150_000, help="ms after which a silent client is let go; more than its interval + timeout")
options = parser.parse_args()

SILENCE = options.silence / 1000
OPENING = 5  # seconds for the upgrade: `websockets` itself would wait for ever

# T1: the system's clock jumps when it is set. So it is read once, and what runs on is the monotonic one.
STARTED = time.time() - time.monotonic()


def now():
    return round((STARTED + time.monotonic()) * 1000)


class Line(WebSocketServerProtocol):
    lines = set()

    def connection_made(self, transport):
        super().connection_made(transport)
        self.due = time.monotonic() + OPENING
        self.empty = 0
        self.lines.add(self)

    def connection_lost(self, error):
        super().connection_lost(error)
        self.lines.discard(self)

    def data_received(self, data):
        if self.open:
            self.due = time.monotonic() + SILENCE  # L4: anything is a sign of life, also a pong, or a part of a message
        super().data_received(data)

    async def read_frame(self, max_size):
        await asyncio.sleep(0)  # L5: else `websockets` reads on for as long as one client sends, and it is nobody else's turn
        frame = await super().read_frame(max_size)
        self.empty += not frame.data and not frame.fin  # and keeps pieces of nothing without end
        if self.empty > 1_000:
            raise PayloadTooBig("too many pieces")
        return frame

    async def process_request(self, path, headers):
        # Every page in a browser can dial, and says by its Origin whose it is: none of others. Who the client is, is asked here, too.
        if any([origin.partition("://")[2]] != headers.get_all("Host") for origin in headers.get_all("Origin")):
            return http.HTTPStatus.FORBIDDEN, [], b""


async def serve_client(line):
    line.due = time.monotonic() + SILENCE
    try:
        await line.send(json.dumps({"id": str(uuid.uuid4()), "now_time": now()}))  # W1 to W5
        async for message in line:
            if message == "heartbeat":  # H6: a text; bytes are equal to none
                # Who does not read is waited for: what it asks meanwhile is not read either, and in the end it is silent (L5).
                await line.send(json.dumps({"heartbeat": now()}))
            else:
                pass  # The app's. What takes time belongs into a task of its own: heartbeats would wait behind it (H2, H5).
    except ConnectionClosed:
        pass


async def let_go():
    while True:
        await asyncio.sleep(min(SILENCE / 8, 1))
        await asyncio.sleep(0)  # L4: the timer may be late. In this turn the loop reads what lies readable, before anyone is judged.
        for line in [line for line in Line.lines if line.due < time.monotonic()]:
            line.transport.abort()  # G2: no close frame


async def main():
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    # L3: silent clients are not asked, only let go (`ping_interval`). L5: all that may wait for one client, either way, is some 400 KB.
    limits = {"max_size": 65_536, "max_queue": 4, "read_limit": 16_384, "write_limit": 16_384, "compression": None}
    async with serve(serve_client, "127.0.0.1", options.port, create_protocol=Line, ping_interval=None, close_timeout=1, **limits) as server:
        print(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        sweeping = asyncio.create_task(let_go())  # also while the others leave: who has dialled and says nothing would be waited for
        await ended.wait()
        # G2: to leave this block says 1001 to all. Where another server is there at once, `line.close(1012)` before it is better.
    sweeping.cancel()


try:
    asyncio.run(main())
except OSError as error:  # such as a port in use
    sys.exit(str(error))
