"""The desk, for the tests of this folder."""

from tests.desk import book, desk

__all__ = ["book", "desk"]
