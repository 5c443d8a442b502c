"""`python -m bench.cli`: the command line without the installed script."""

from bench.cli import main

if __name__ == "__main__":  # a worker imports this module again
    main()
