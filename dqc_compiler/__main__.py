"""`python -m dqc_compiler` is the command `dqc`."""

if __name__ == "__main__":
    from dqc_compiler.entry import main

    main()
