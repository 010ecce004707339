"""``python -m rushes.cli``: the same as ``rushes``."""

from rushes.cli.app import main

if __name__ == "__main__":
    main()
