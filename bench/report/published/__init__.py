"""The numbers that papers and their repositories publish: published.csv, one line a number."""
