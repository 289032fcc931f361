"""A real HTTP server on this machine, well-behaved or not, and small models to fetch from it."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from skill.models.manifest import Manifest


@dataclass
class Offer:
    """One file on the server, and how the server misbehaves with it.

    cuts: for each request in turn, the number of bytes after which the connection is cut. shift: added to the start of a range
    in what the server claims to send. hold: when set, the server waits for it after half of the body.
    """

    data: bytes
    etag: str = ""
    takes_ranges: bool = True
    tells_length: bool = True
    cuts: list[int] = field(default_factory=list)
    shift: int = 0
    status: int = 200
    content_type: str = "application/octet-stream"
    hold: threading.Event | None = None


@dataclass
class Shelf:
    """What the server offers, by path, and what it was asked: (path, Range, If-Range)."""

    address: str = ""
    offers: dict[str, Offer] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    half_sent: threading.Event = field(default_factory=threading.Event)

    def put(self, path: str, offer: Offer) -> str:
        self.offers[path] = offer
        return f"{self.address}{path}"

    @property
    def ranges(self) -> list[str]:
        return [asked_range for _, asked_range, _ in self.asked]


class _Handler(BaseHTTPRequestHandler):
    shelf: Shelf

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        asked_range, if_range = self.headers.get("Range", ""), self.headers.get("If-Range", "")
        self.shelf.asked.append((self.path, asked_range, if_range))
        offer = self.shelf.offers.get(self.path)
        if offer is None or offer.status != 200:
            self.send_error(404 if offer is None else offer.status)
            return
        start = 0
        if asked_range and offer.takes_ranges and (not if_range or if_range == offer.etag):
            start = int(asked_range.removeprefix("bytes=").rstrip("-"))
        if start and start >= len(offer.data):
            self.send_error(416)
            return
        self._send(offer, start)

    def _send(self, offer: Offer, start: int) -> None:
        body = offer.data[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", offer.content_type)
        if start:
            self.send_header("Content-Range", f"bytes {start + offer.shift}-{len(offer.data) - 1}/{len(offer.data)}")
        if offer.etag:
            self.send_header("ETag", offer.etag)
        if offer.tells_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if offer.cuts:
            body = body[: offer.cuts.pop(0)]
        half = len(body) // 2
        self.wfile.write(body[:half])
        self.wfile.flush()
        if offer.hold is not None:
            self.shelf.half_sent.set()
            offer.hold.wait(20)
        self.wfile.write(body[half:])
        self.close_connection = True

    def handle(self) -> None:
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the fetching process was killed


@contextmanager
def serving() -> Iterator[Shelf]:
    """A server on a free port of this machine, until the end of the block."""
    shelf = Shelf()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"shelf": shelf}))
    shelf.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield shelf
    server.shutdown()
    server.server_close()
    thread.join()


def sum_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def zip_of(files: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as zipped:
        for path, data in files.items():
            zipped.writestr(path, data)
    return buffer.getvalue()


FILES = {"conf/model.conf": b"--rate=16000\n", "am/final.mdl": bytes(range(256)) * 4000}
ARCHIVE = zip_of({f"m-1/{path}": data for path, data in FILES.items()})


def model_entry(*sources: Mapping[str, Any], files: Mapping[str, bytes] | None = FILES, **changes: Any) -> dict[str, Any]:
    """A manifest's entry for a model made of `files` (None: the manifest does not know them)."""
    entry: dict[str, Any] = {
        "purpose": "a test",
        "serves": "recogniser",
        "needed": True,
        "licence": "MIT",
        "home": "here",
        "bytes": sum(map(len, FILES.values())),
        "sources": [{"inside": "m-1", "bytes": len(ARCHIVE), "sha256": sum_of(ARCHIVE), **source} for source in sources],
    }
    if files is not None:
        entry["files"] = {path: {"bytes": len(data), "sha256": sum_of(data)} for path, data in files.items()}
    return {**entry, **changes}


def manifest_of(**entries: Mapping[str, Any]) -> Manifest:
    return Manifest.model_validate({"models": entries})
