"""Endpoints of dead letters: clicks that could not be processed."""
