"""Every word of the second eye is explained, and no word is that it never says."""

import ast
from pathlib import Path

from flows.verify.words import WORDS

ROOT = Path(__file__).parents[2]
SAID_IN = ("second_eye", "identity", "pixels/drawn")
SAYING = {"Finding", "Needle", "_number", "_phrase", "_dated", "_shortly"}


def _trees(*folders):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ast.parse(path.read_text())


def _texts(tree):
    return {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and type(n.value) is str}


def _said(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYING:
            what = node.args[1] if len(node.args) > 1 else None
            if isinstance(what, ast.Constant):
                yield what.value


def test_every_word_is_explained():
    said = {word for tree in _trees(*(f"deid/{at}" for at in SAID_IN)) for word in _said(tree)}
    assert len(said) > 20
    assert said <= WORDS.keys()


def test_no_word_is_explained_that_is_never_said():
    folder = ast.parse((ROOT / "flows" / "verify" / "folder.py").read_text())
    assert set(WORDS) <= set().union(_texts(folder), *map(_texts, _trees("deid")))
