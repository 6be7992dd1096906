import json

import pytest

from tests.vectors.write import FILES, FOLDER, render


@pytest.mark.parametrize("name", FILES)
def test_vectors_when_written_again_then_unchanged(name: str) -> None:
    committed = json.loads((FOLDER / name).read_text())
    assert committed == json.loads(render(name)), "if the protocol changed on purpose: make vectors"
