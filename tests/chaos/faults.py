"""Every fault there is."""

from types import MappingProxyType

from tests.chaos import machine_faults, network_faults, process_faults, store_faults

FAULTS = MappingProxyType(
    {
        each.kind.name: each
        for each in (
            *process_faults.FAULTS,
            *store_faults.FAULTS,
            *network_faults.FAULTS,
            *machine_faults.FAULTS,
        )
    }
)
