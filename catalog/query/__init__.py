"""Understanding SQL that others wrote, and running it."""
