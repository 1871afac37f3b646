"""A relay that comes to a standstill. Usage: ``python stalling_relay.py PORT TARGET_PORT BYTES``.

It says ``listening``, and ``stalled`` once it has passed on so many bytes of answers in all; it passes on no more then.
"""

from __future__ import annotations

import asyncio
import sys

_PIECE = 65536


async def _relay(port: int, registry_port: int, after_bytes: int) -> None:
    """Pass on requests, and answers up to a number of bytes in all."""
    left = after_bytes

    async def answer(registry: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        nonlocal left
        while piece := await registry.read(_PIECE):
            left -= len(piece)
            if left < 0:
                print("stalled")  # noqa: T201 (what it is asked to say)
                await asyncio.Event().wait()
            client.write(piece)
            await client.drain()
        client.close()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        registry_reader, registry_writer = await asyncio.open_connection("127.0.0.1", registry_port)
        answering = asyncio.create_task(answer(registry_reader, writer))
        while piece := await reader.read(_PIECE):
            registry_writer.write(piece)
            await registry_writer.drain()
        registry_writer.close()
        await answering

    server = await asyncio.start_server(take, "127.0.0.1", port)
    print("listening")  # noqa: T201 (what it is asked to say)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_relay(*(int(one) for one in sys.argv[1:4])))
