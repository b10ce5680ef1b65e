"""The tables that come with skelflow: TOML files, one a data set."""
