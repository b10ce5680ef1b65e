"""Networks that read colored scene flow."""
