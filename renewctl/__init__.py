"""renewctl: customer renewals and saves, run from the command line over a local portfolio."""

__version__ = "0.1.0"
