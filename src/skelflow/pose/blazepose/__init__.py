"""BlazePose in an image: people are found, followed, and their landmarks placed."""
