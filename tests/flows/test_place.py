"""A command finds the settings of a side, whether the two run in one state or apart."""

from pathlib import Path

import pytest

from flows.cli import place
from infra.two_sides import HUB_SIDE, REGION_SIDE


@pytest.mark.parametrize(
    ("hub", "region"), [(".", "."), (HUB_SIDE, REGION_SIDE)], ids=["one", "two"]
)
def test_a_side_is_here_once_its_settings_are(
    hub: str, region: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAMMO_STATE", str(tmp_path))
    monkeypatch.setattr(place, "has", lambda _side: False)
    for folder in (hub, region):
        (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / hub / "hub.env").write_text("MAMMO_HUB_X=1\n")
    assert place.is_here("hub")
    assert not place.is_here("region")
    (tmp_path / region / "region.env").write_text("MAMMO_REGION_X=1\n")
    assert place.is_here("region")
