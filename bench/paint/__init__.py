"""`bench paint`: a page on this machine where a hole is painted and every method fills it.

The server keeps encoded files and forwards requests; torch, images and methods are in worker
processes.
"""
