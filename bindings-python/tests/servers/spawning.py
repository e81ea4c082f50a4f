"""A program in uvloop that starts subprocesses: its client follows the server all the same; see test_exit.py."""

import asyncio
import sys

import uvloop
from flagstaff import Client


async def main():
    """Start processes, and then wait for the flag."""
    async with Client() as client:
        assert await client.aready(20.0) == "READY"
        assert client.get_boolean_value("spawning", True) is False
        for _ in range(3):
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
            assert await process.wait() == 0
        print("ready", flush=True)
        async for keys in client.changes("spawning"):
            if client.get_boolean_value("spawning", False):
                print(keys, flush=True)
                return


uvloop.run(main())
