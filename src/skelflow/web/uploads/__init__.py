"""What strangers send: unpacked within bounds and looked at before anything decodes it."""
