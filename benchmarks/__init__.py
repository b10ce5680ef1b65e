"""What things cost and how good they are, beside what a user would pick instead."""
