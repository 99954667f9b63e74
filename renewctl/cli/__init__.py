"""One file per command group, their shared options and the error boundary."""
