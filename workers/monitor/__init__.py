"""Monitors that look at the stores beside the consumers, for the supervisor's metrics.

:class:`workers.monitor.monitors.Monitors` runs them all: the audit of every click
(:class:`workers.monitor.audit_monitor.AuditMonitor`), the sums of closed days
(:class:`workers.monitor.sums_monitor.SumsMonitor`) and how the stores fare
(:class:`workers.monitor.store_gauges.Stores`).
"""
