"""Limits that keep one program from taking up the console: counted by key, over all processes."""
