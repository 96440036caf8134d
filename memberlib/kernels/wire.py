"""Sends one of Jupyter's messages over a socket and reads it there."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

from jupyter_client.session import Session

_PARTS = ("header", "parent_header", "metadata", "content")


def frame(channel: str, message: dict[str, Any], session: Session) -> bytes:
    """A message as bytes: how many follow, then JSON with the channel, the parts and the buffers."""
    parts = {name: session.pack(message[name]).decode("utf-8", "surrogateescape") for name in _PARTS}
    buffers = [base64.b64encode(memoryview(b)).decode() for b in message.get("buffers") or ()]
    body = json.dumps({"channel": channel, "parts": parts, "buffers": buffers}).encode()
    return len(body).to_bytes(8, "big") + body


async def unframed(reader: asyncio.StreamReader, session: Session) -> tuple[str, dict[str, Any]]:
    """The channel of the next message and the message.

    Raises
    ------
    EOFError
        Where the other side has ended.
    """
    try:
        size = int.from_bytes(await reader.readexactly(8), "big")
        wire = json.loads(await reader.readexactly(size))
    except (asyncio.IncompleteReadError, ConnectionError):
        raise EOFError from None
    message = {
        name: session.unpack(text.encode("utf-8", "surrogateescape")) for name, text in wire["parts"].items()
    }
    message["msg_id"], message["msg_type"] = message["header"]["msg_id"], message["header"]["msg_type"]
    message["buffers"] = [base64.b64decode(buffer) for buffer in wire["buffers"]]
    return wire["channel"], message
