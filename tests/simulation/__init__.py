"""Two years of a book, day by day, held against an oracle that was written from the rules' text alone."""
