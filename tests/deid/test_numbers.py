import pytest

from deid.identity.numbers import is_personal_window, plain, windows


def personal_numbers(text: str) -> list[str]:
    return [one[0][-10:] for one in windows(text) if is_personal_window(*one)]


@pytest.mark.parametrize(
    "text",
    [
        "4908059829",
        "194908059829",
        "490805-9829",
        "49 08 05 98 29",
        "19 490805 - 9829",
        "pnr:19490805-9829.",
        "490805\u20119829",
        "\uff14\uff19\uff10\uff18\uff10\uff15-\uff19\uff18\uff12\uff19",
    ],
)
def test_a_personal_number_is_found_in_any_spacing(text: str) -> None:
    assert set(personal_numbers(text)) == {"4908059829"}


def test_a_coordination_number_is_one_too() -> None:
    assert personal_numbers("701063-2391") == ["7010632391"]


@pytest.mark.parametrize(
    "text",
    [
        "490805-9828",
        "499905-9829",
        "1490805-9829",
        "490805-98291",
        "1.2.840.49.08.05.98.29",
        "2.25.4908059829",
        "4-9-0-8-0-5-9-8-2-9",
    ],
)
def test_chance_is_no_personal_number(text: str) -> None:
    assert not personal_numbers(text)


def test_windows_end_where_groups_do() -> None:
    assert {digits for digits, _ in windows("12 5703 12-9808")} == {
        "125703129808",
        "5703129808",
        "12570312",
    }


def test_what_only_looks_different_is_written_alike() -> None:
    assert plain("\uff11\u22122\u00ad\u2013\u00a0x") == "1-2- x"
