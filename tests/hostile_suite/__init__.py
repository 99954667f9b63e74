"""The hostile input suite: `python -m tests.hostile_suite` runs the whole and prints its figures."""
