"""`python -m dqc_compiler` is the command `dqc`."""

from dqc_compiler.cli import main

if __name__ == "__main__":
    main()
