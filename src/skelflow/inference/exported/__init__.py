"""Networks as files of other runtimes: recorded by torch, converted, compared, run."""
