"""Bundles and fingerprints: believed when whole and made from the same things, else refused."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_quant.models.fingerprint import canonical, differences, digest, row_digests, versions
from hydra_quant.models.store import Refused, fingerprint, read_bundle, write_bundle

MADE_FROM = canonical({"seed": 1, "parameters": {"rate": 0.05, "leaves": 31}})
JSON = st.dictionaries(st.text(max_size=5), st.integers() | st.floats(allow_nan=False), max_size=5)


@given(made_from=JSON)
def test_fingerprint_ignores_the_order_of_keys(made_from: dict) -> None:
    turned = canonical(dict(reversed(made_from.items())))
    assert fingerprint(canonical(made_from)) == fingerprint(turned)


@given(parts=st.lists(st.text(max_size=4), min_size=2, max_size=4))
def test_digest_knows_where_a_part_ends(parts: list[str]) -> None:
    joined = digest("".join(parts))
    assert digest(*parts) != joined


def test_what_comes_back_is_what_was_written(tmp_path: Path) -> None:
    write_bundle(tmp_path / "m.hydra", b"\x00trees\n\n", MADE_FROM)
    assert read_bundle(tmp_path / "m.hydra", MADE_FROM) == b"\x00trees\n\n"
    assert [p.name for p in tmp_path.iterdir()] == ["m.hydra"]


def test_nothing_there_is_not_an_error(tmp_path: Path) -> None:
    assert read_bundle(tmp_path / "m.hydra", MADE_FROM) is None


def test_another_origin_is_refused_and_named(tmp_path: Path) -> None:
    write_bundle(tmp_path / "m.hydra", b"trees", MADE_FROM)
    changed = canonical({"seed": 1, "parameters": {"rate": 0.1, "leaves": 31}})
    with pytest.raises(Refused, match=r"parameters.rate: 0.05 → 0.1"):
        read_bundle(tmp_path / "m.hydra", changed)


@pytest.mark.parametrize("cut", [0, 1, 10, 60, -1, -4])
def test_a_truncated_file_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "m.hydra"
    write_bundle(path, b"many trees", MADE_FROM)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(Refused, match="is damaged"):
        read_bundle(path, MADE_FROM)


@pytest.mark.parametrize("place", [0, 3, 20, -1, -5])
def test_one_flipped_byte_is_refused(tmp_path: Path, place: int) -> None:
    path = tmp_path / "m.hydra"
    write_bundle(path, b"many trees", MADE_FROM)
    data = bytearray(path.read_bytes())
    data[place] ^= 0x20
    path.write_bytes(bytes(data))
    with pytest.raises(Refused):
        read_bundle(path, MADE_FROM)


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.hydra"
    write_bundle(path, b"old", MADE_FROM)

    def full_disk(self: Path, data: bytes) -> int:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_bundle(path, b"new", MADE_FROM)
    monkeypatch.undo()
    assert read_bundle(path, MADE_FROM) == b"old"
    assert os.listdir(tmp_path) == ["m.hydra"]


def test_equal_rows_have_equal_hashes_and_others_do_not() -> None:
    rows = np.array([[1.0, 2.0], [1.0, 2.0], [2.0, 1.0], [1.0, np.nextafter(2.0, 3.0)]])
    hashes = [bytes(h) for h in row_digests(rows)]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
    assert row_digests(np.empty((0, 2))).shape == (0, 32)


def test_differences_name_what_changed() -> None:
    assert differences({"a": {"b": 1}, "c": 2}, {"a": {"b": 3}, "c": 2}) == ["a.b: 1 → 3"]
    assert differences({"c": 2}, {}) == ["c: 2 → None"]


def test_versions_say_absent() -> None:
    found = versions(["numpy", "no-such-package-here"])
    assert found == {"numpy": np.__version__, "no-such-package-here": "absent"}
    assert canonical({"b": 1, "a": Path("x")}) == '{"a":"x","b":1}'
