"""A file a command: parse, call one function, print. A new file is found by itself."""
