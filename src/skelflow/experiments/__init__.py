"""Experiments of many runs: tables of results over seeds, and cross-validation of settings."""
