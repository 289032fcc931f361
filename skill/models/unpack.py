"""A zip archive onto the disk, without trusting it."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from skill.errors import ModelError
from skill.models.manifest import File

CHUNK_BYTES = 1 << 20
MOST_MEMBERS = 10_000


def unpack(
    archive: Path, inside: str, target: Path, wanted: Iterable[str], limit_bytes: int, progress: Callable[[int], None]
) -> dict[str, File]:
    """Write the files of the archive's folder `inside` to the new folder `target`; give what was written, by path.

    wanted: the paths to take (below `inside`), or none for all of them. limit_bytes: more than that is never written, whatever
    the archive says of its own sizes. progress gets the bytes written so far.
    Raises ModelError for an archive that is damaged, too large, lacks a wanted file, or has a member that is no plain file in it.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = _members(zipped, inside, frozenset(wanted))
            target.mkdir(parents=True)
            return _write_all(zipped, members, target, limit_bytes, progress)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        FileExistsError,
        NotADirectoryError,
    ) as exc:
        raise ModelError(f"The archive {archive.name} is damaged: {exc}") from exc


def _members(zipped: zipfile.ZipFile, inside: str, wanted: frozenset[str]) -> dict[str, zipfile.ZipInfo]:
    """The files to write, by path below `inside`, after every member of the archive has been looked at."""
    infos = zipped.infolist()
    if len(infos) > MOST_MEMBERS:
        raise ModelError(f"The archive holds {len(infos)} members, more than any model has. Nothing was unpacked.")
    found: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        _refuse_tricks(info)
        path = PurePosixPath(info.filename)
        if info.is_dir() or not path.is_relative_to(inside):
            continue
        name = str(path.relative_to(inside))
        if name in found:
            raise ModelError(f"The archive holds {info.filename!r} twice. Nothing was unpacked.")
        if not wanted or name in wanted:
            found[name] = info
    missing = sorted(wanted - found.keys()) or ([] if found else ["any file"])
    if missing:
        raise ModelError(f"The archive lacks {', '.join(missing)} in its folder {inside}.")
    return found


def _refuse_tricks(info: zipfile.ZipInfo) -> None:
    # `orig_filename` is what the archive says; zipfile has already cut `filename` at a NUL and turned the other system's slashes.
    path = PurePosixPath(info.orig_filename)
    kind = stat.S_IFMT(info.external_attr >> 16)
    leaves = path.is_absolute() or ".." in path.parts or not path.parts or "\\" in info.orig_filename or "\0" in info.orig_filename
    if leaves or kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ModelError(f"The archive holds {info.orig_filename!r}, which is no plain file inside it. Nothing was unpacked.")


def _write_all(
    zipped: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], target: Path, limit_bytes: int, progress: Callable[[int], None]
) -> dict[str, File]:
    written: dict[str, File] = {}
    total = 0
    for name, info in members.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        before = total
        with zipped.open(info) as source, path.open("xb") as file:
            while chunk := source.read(CHUNK_BYTES):
                total += len(chunk)
                if total > limit_bytes:
                    raise ModelError(f"The archive unpacks to more than the {limit_bytes} bytes that the manifest names.")
                file.write(chunk)
                digest.update(chunk)
                progress(total)
            file.flush()
            os.fsync(file.fileno())  # small computers lose power: a file must not be put in place before it is on the disk
        written[name] = File(bytes=total - before, sha256=digest.hexdigest())
    return written
