"""Streams of events (``text/event-stream``) that end before they are over."""

from __future__ import annotations

# In milliseconds: when the client comes back.
RETRY = 1000


class Cut:
    """What passes of a stream, so that it ends between two events."""

    def __init__(self) -> None:
        """Begin a stream."""
        self._part = b""
        self._id: bytes | None = None

    def whole(self, piece: bytes) -> bytes:
        """The whole events that there are with this piece; the beginning of the next is kept."""
        text = self._part + piece
        end = text.rfind(b"\n\n") + 2
        events, self._part = (text[:end], text[end:]) if end > 1 else (b"", text)
        for line in events.split(b"\n"):
            if line.startswith(b"id:"):
                self._id = line[3:].removeprefix(b" ")
        return events

    def last(self) -> bytes:
        """The end: when to come back, and where to go on. A client takes it for no event."""
        cursor = b"" if self._id is None else b"id: " + self._id + b"\n"
        return b"retry: %d\n" % RETRY + cursor + b"\n"
