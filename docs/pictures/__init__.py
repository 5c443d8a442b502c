"""The pictures of the tour: `python -m docs.pictures` makes them all, offline, into docs/tour/.

A module for each group of stations; sheets holds what they share.
"""
