"""One file per medium: terminal, machine, documents."""
