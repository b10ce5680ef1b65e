"""A page in the browser: choose or drop a recording, watch what the network saw, and why."""
