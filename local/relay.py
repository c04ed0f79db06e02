"""How a container reaches the emulator, which listens on this machine's loopback address only.

A second container stands for the emulator in a network that the two have to themselves. It calls nobody: we connect to
it, by a port that Docker publishes on our loopback address, and each such connection waits there until the function
opens one. So nothing of ours listens where a container, or another machine, could call it; and it is the same with
Docker's engine on Linux and with Docker Desktop, whose containers are in a virtual machine. `sam local` passes over
`--docker-network host`.

This file is what runs in the second container as well: it imports only the library.
"""

import asyncio

FOR_FUNCTIONS, FOR_US = 4566, 4567

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def inside() -> None:
    """In the container: give each connection of a function's one of ours that waits."""
    waiting: asyncio.Queue[Connection] = asyncio.Queue()

    async def offered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await waiting.put((reader, writer))

    async def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _join((reader, writer), await waiting.get())

    await asyncio.start_server(offered, port=FOR_US)
    server = await asyncio.start_server(called, port=FOR_FUNCTIONS)
    await server.serve_forever()


async def outside(port: int, target: int) -> None:
    """On this machine: have a connection wait behind the published `port`, and join it to `target` when it is used."""
    async with asyncio.TaskGroup() as joined:
        while True:
            ours = await asyncio.open_connection("127.0.0.1", port)
            first = await ours[0].read(65536)
            if first:
                joined.create_task(_begin(ours, target, first))
            else:  # Docker takes connections before the container listens
                ours[1].close()
                await asyncio.sleep(0.05)


async def _begin(ours: Connection, target: int, first: bytes) -> None:
    its = await asyncio.open_connection("127.0.0.1", target)
    its[1].write(first)
    await _join(ours, its)


async def _join(one: Connection, other: Connection) -> None:
    await asyncio.gather(_copy(one[0], other[1]), _copy(other[0], one[1]))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    except ConnectionError:
        pass  # either end may hang up
    finally:
        target.close()
