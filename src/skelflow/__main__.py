"""`python -m skelflow`, so that torchrun and accelerate launch can start it."""

from skelflow.cli import main

if __name__ == "__main__":
    main()
