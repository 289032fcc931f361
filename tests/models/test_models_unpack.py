from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from skill.errors import ModelError
from skill.models.manifest import File
from skill.models.unpack import unpack
from tests.models.shelf import ARCHIVE, FILES, sum_of, zip_of


def run(archive: bytes, tmp_path: Path, wanted: tuple[str, ...] = (), limit_bytes: int = 10_000_000) -> dict[str, File]:
    file = tmp_path / "a.zip"
    file.write_bytes(archive)
    return unpack(file, "m-1", tmp_path / "out", wanted, limit_bytes, lambda _: None)


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_everything_below_the_inner_folder_is_written_and_summed(tmp_path: Path) -> None:
    written = run(ARCHIVE, tmp_path)
    assert files_below(tmp_path / "out") == FILES
    assert written == {path: File(bytes=len(data), sha256=sum_of(data)) for path, data in FILES.items()}


def test_only_what_is_wanted_is_written(tmp_path: Path) -> None:
    archive = zip_of({"m-1/a": b"a", "m-1/b": b"b", "m-1-other/a": b"x", "code.py": b"c"})
    run(archive, tmp_path, wanted=("a",))
    assert files_below(tmp_path / "out") == {"a": b"a"}


@pytest.mark.parametrize("name", ["../evil", "m-1/../../evil", "/tmp/evil", "m-1/..", "m-1\\..\\evil"])
def test_a_path_that_leaves_the_folder_spoils_the_whole_archive(tmp_path: Path, name: str) -> None:
    archive = zip_of({"m-1/good": b"good", name: b"evil"})
    with pytest.raises(ModelError, match=r"no plain file inside it\. Nothing was unpacked"):
        run(archive, tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["a.zip"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_spoil_the_whole_archive(tmp_path: Path, kind: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        link = zipfile.ZipInfo("m-1/link")
        link.external_attr = (kind | 0o777) << 16
        zipped.writestr(link, "/etc/passwd")
    with pytest.raises(ModelError, match="'m-1/link', which is no plain file"):
        run(buffer.getvalue(), tmp_path)
    assert not (tmp_path / "out").exists()


def test_a_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    archive = zip_of({"m-1/zeros": bytes(20_000_000)}, zipfile.ZIP_DEFLATED)
    assert len(archive) < 100_000
    with pytest.raises(ModelError, match="more than the 3000000 bytes"):
        run(archive, tmp_path, limit_bytes=3_000_000)
    assert (tmp_path / "out" / "zeros").stat().st_size <= 3_000_000


def test_a_bomb_that_lies_about_its_size_stops_too(tmp_path: Path) -> None:
    honest = zip_of({"m-1/zeros": bytes(20_000_000)}, zipfile.ZIP_DEFLATED)
    size, lie = struct.pack("<L", 20_000_000), struct.pack("<L", 100)
    assert honest.count(size) == 2
    with pytest.raises(ModelError):
        run(honest.replace(size, lie), tmp_path, limit_bytes=3_000_000)
    assert (tmp_path / "out" / "zeros").stat().st_size <= 3_000_000


def test_the_same_file_twice_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr("m-1/a", b"one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            zipped.writestr("m-1/a", b"two")
    with pytest.raises(ModelError, match="'m-1/a' twice"):
        run(buffer.getvalue(), tmp_path)


def test_a_file_that_is_a_folder_as_well_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="damaged"):
        run(zip_of({"m-1/a": b"file", "m-1/a/b": b"below it"}), tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"lacks am/other in its folder m-1"):
        run(ARCHIVE, tmp_path, wanted=("am/final.mdl", "am/other"))


def test_an_archive_without_the_inner_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="lacks any file in its folder m-1"):
        run(zip_of({"m-2/a": b"a"}), tmp_path)


@pytest.mark.parametrize("archive", [b"", b"no zip at all", ARCHIVE[: len(ARCHIVE) // 2], ARCHIVE.replace(b"--rate", b"--late")])
def test_a_damaged_archive_is_a_sentence(tmp_path: Path, archive: bytes) -> None:
    with pytest.raises(ModelError, match=r"The archive a\.zip is damaged"):
        run(archive, tmp_path)
