"""The numbers that papers and their repositories publish: published.csv, a line per number."""
