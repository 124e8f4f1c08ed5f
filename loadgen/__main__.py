"""`python -m loadgen` is the command `loadgen`."""

from loadgen.cli.main import main

if __name__ == "__main__":
    main()
