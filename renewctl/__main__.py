"""`python -m renewctl`."""

from renewctl.cli.app import main

if __name__ == "__main__":
    main()
