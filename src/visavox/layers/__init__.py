"""What published networks of several wings are made of, and torch lacks (torch; no emotion in it)."""
