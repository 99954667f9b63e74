"""The shipped policy as data: TOML to read and edit, and `shipped`, the same tables as Python literals.

`python -m renewctl.policies` rewrites the literals after a change to the TOML.
"""
