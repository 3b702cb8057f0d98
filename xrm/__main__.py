"""`python -m xrm` is the command line."""

from xrm.cli import main

if __name__ == "__main__":
    main()
