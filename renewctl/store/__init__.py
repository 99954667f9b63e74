"""Everything on disk: the portfolio, files read and files written."""
