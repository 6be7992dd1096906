"""The table of bounds in docs/spec/circuit.md covers every field of every packed word."""

import re
from collections import defaultdict

from tests.tidy.tracked import ROOT

SPEC = ROOT / "docs" / "spec"
CAIRO = ROOT / "circuits" / "cairo"
PACKED = re.compile(r"pack\(([^)]*:[^)]*)\)")
FIELD = re.compile(r"(\w+)[^:,]*:\s*(\d+)")
ROW = re.compile(r"^\| ([^|]+) \| `(\w+)` \| (\d+) \| ([^|]*)\|([^|]*)\|$", re.MULTILINE)
PLACE = re.compile(r"`([\w/]+\.cairo):(\w+)`")

Fields = tuple[tuple[str, int], ...]


def packed_words() -> list[Fields]:
    """Return the fields and widths of each word that the specification packs."""
    texts = [(SPEC / name).read_text() for name in ("protocol.md", "output.md")]
    words = [word for text in texts for word in PACKED.findall(text)]
    found = [tuple((name, int(width)) for name, width in FIELD.findall(word)) for word in words]
    return sorted(word for word in found if word)


def test_bounds_when_compared_with_the_packed_words_then_cover_all() -> None:
    rows: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for word, field, width, _, _ in ROW.findall((SPEC / "circuit.md").read_text()):
        rows[word].append((field, int(width)))
    words = packed_words()
    assert len(words) > 15
    assert sorted(tuple(fields) for fields in rows.values()) == words


def test_bounds_when_they_name_a_function_then_it_exists() -> None:
    places = PLACE.findall((SPEC / "circuit.md").read_text())
    assert len(places) > 40
    for file, function in places:
        text = (CAIRO / file).read_text()
        assert re.search(rf"^func {function}\b", text, re.MULTILINE), (file, function)
