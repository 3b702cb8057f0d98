"""The names of a small model for the tests of expressions."""

import pytest

from tests.support.expression_world import build_model
from xrm.metadata.model import Model
from xrm.metadata.typing_scope import ModelNames


@pytest.fixture(scope="session")
def model() -> Model:
    return build_model()


@pytest.fixture(scope="session")
def names(model: Model) -> ModelNames:
    return ModelNames(model.entities)
