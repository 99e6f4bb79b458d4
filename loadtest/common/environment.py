"""Machine and interpreter that figures are from."""

import platform
import sysconfig
from pathlib import Path


def interpreter() -> str:
    """Return the Python version and how it was built, which is worth up to 35 % of speed."""
    arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
    flags = [
        name
        for name, option in (("PGO", "--enable-optimizations"), ("LTO", "--with-lto"))
        if option in arguments
    ]
    # A distribution may build with either and not say so; only what is said is shown.
    built = f" ({' and '.join(flags)})" if flags else ""
    return f"{platform.python_implementation()} {platform.python_version()}{built}"


def processor() -> str:
    """Return the processor's name, or at least its kind."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
