"""The fault suite: real processes that are killed, starved, interrupted and lied to, and what they leave.

`python -m tests.faults` runs all of it and prints one table of figures; `--only kill --trials 3000`
chooses. A quick share of each part runs with the other tests, beside a control that must fail: the same
program with one of its safeties taken off.
"""
