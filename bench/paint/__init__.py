"""`bench paint`: a page on this machine where a hole is painted and every method fills it.

The server holds bytes and passes orders on; torch, images and methods live in worker processes.
"""
