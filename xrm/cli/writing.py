"""What a verb writes where it was told to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xrm.errors import Place, Problem, Unavailable


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """The block writes there; raises Unavailable where the system does not let it."""
    try:
        yield
    except OSError as error:
        message = f"{error.filename or path} cannot be written: {error.strerror or error}."
        hint = "Name another place, one that is there and can be written."
        raise Unavailable(Problem("P164", message, hint, Place(str(path)))) from error
