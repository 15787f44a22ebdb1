"""Contract suites: what every adapter of a kind must show. Subclassed by the adapters' tests."""

import pytest

# Without this, a failing assert in a suite would not show its values.
pytest.register_assert_rewrite(
    "tests.contracts.register", "tests.contracts.sink", "tests.contracts.source"
)
