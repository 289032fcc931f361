"""A file from a URL: goes on where an earlier try was cut, or starts again cleanly.

Beside the unfinished file `X` lies `X.validator`: the server's ETag (or date) of what we have the beginning of. It goes back as
If-Range, so that a file that changed in between comes whole. Whether all is well is decided by the sum alone, by the caller.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import requests

from skill.errors import ModelError

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 30.0
CHUNK_BYTES = 1 << 14  # at most this much is lost when the connection is cut
TRIES_WITHOUT_GAIN = 3


class _Cut(Exception):
    """The connection ended before the file did."""


def download(url: str, target: Path, size_bytes: int, progress: Callable[[int], None], pause_seconds: float = 2.0) -> None:
    """Write the file at `url` to `target`, continuing what is there; progress gets the bytes present so far.

    Raises ModelError when the server refuses, cannot be reached, goes silent or breaks off again and again, or sends more than
    size_bytes. Bytes that arrived stay in `target` for the next try, except those of a file that is too long.
    """
    failures = 0
    while failures < TRIES_WITHOUT_GAIN:
        before = _size(target)
        try:
            _get(url, target, size_bytes, progress)
        except _Cut:
            failures = 0 if _size(target) > before else failures + 1
            time.sleep(pause_seconds if failures else 0)
        else:
            return
    raise ModelError(
        f"{url} broke off again and again after {_size(target)} of {size_bytes} bytes. Try again later: it goes on from there."
    )


def discard(target: Path) -> None:
    """Forget an unfinished download."""
    target.unlink(missing_ok=True)
    _validator_of(target).unlink(missing_ok=True)


def _get(url: str, target: Path, size_bytes: int, progress: Callable[[int], None]) -> None:
    have = _size(target)
    if have > size_bytes:
        discard(target)
        have = 0
    # Without `identity` a server may compress on the way, and byte positions would no longer be those of the file.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if validator := _read_validator(target):
            headers["If-Range"] = validator
    try:
        with requests.get(url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, SILENCE_SECONDS)) as response:
            _receive(response, target, have, size_bytes, progress)
    except requests.exceptions.SSLError as exc:
        raise ModelError(f"{url} shows no valid certificate. Is this machine's clock right? ({exc})") from exc
    except requests.exceptions.ConnectionError as exc:
        if _size(target) > have:  # requests reports a cut or a silence in the middle of a body as a connection error, too
            raise _Cut from exc
        raise ModelError(f"{url} cannot be reached. Is this machine online?") from exc
    except requests.exceptions.ChunkedEncodingError as exc:
        raise _Cut from exc
    except requests.exceptions.Timeout as exc:
        raise ModelError(f"{url} does not answer (waited {SILENCE_SECONDS:.0f} seconds). Try again later.") from exc
    except requests.exceptions.RequestException as exc:
        raise ModelError(f"{url} cannot be fetched: {exc}") from exc


def _receive(response: requests.Response, target: Path, have: int, size_bytes: int, progress: Callable[[int], None]) -> None:
    if response.status_code == requests.codes.range_not_satisfiable:
        if have < size_bytes:
            discard(target)
            raise _Cut  # what we have is not the beginning of what the server has
        return
    if not response.ok:
        raise ModelError(f"{response.url} answers {response.status_code} {response.reason}.")
    goes_on = response.status_code == requests.codes.partial_content
    if goes_on and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        discard(target)
        raise _Cut  # some other part than the one asked for
    if not goes_on:
        _write_validator(target, response)
    done = have if goes_on else 0
    with target.open("ab" if goes_on else "wb") as file:
        for chunk in response.iter_content(CHUNK_BYTES):
            done += len(chunk)
            if done > size_bytes:
                break
            file.write(chunk)
            progress(done)
    if done > size_bytes:
        discard(target)
        raise ModelError(f"{response.url} sends more than the {size_bytes} bytes that the manifest names. Nothing of it was kept.")


def _size(target: Path) -> int:
    with suppress(FileNotFoundError):
        return target.stat().st_size
    return 0


def _validator_of(target: Path) -> Path:
    return target.with_name(target.name + ".validator")


def _read_validator(target: Path) -> str:
    with suppress(FileNotFoundError):
        return _validator_of(target).read_text(encoding="ascii", errors="ignore")
    return ""


def _write_validator(target: Path, response: requests.Response) -> None:
    etag = response.headers.get("ETag", "")
    usable = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
    _validator_of(target).write_text(usable, encoding="ascii", errors="ignore")
