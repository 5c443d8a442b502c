"""Read one photograph and one hole, fill the hole by methods at full resolution, write the result.

photograph reads and writes files, holes finds the hole, windows says which squares of a photograph
a network sees, membrane fits what it returns to the border, completion puts these together,
images does the same for PIL, numpy and torch, comparison draws the picture of several methods,
files does what `bench fill` is asked for.
"""
