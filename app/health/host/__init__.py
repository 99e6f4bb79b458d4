"""Checks of this host: its disks, kernel, systemd units and the files that others could read.

:mod:`app.health.host.machine` is for every installation, the others for hosts with the units.
"""
