"""Files and folders that are whole or not there, and work on several processes."""
