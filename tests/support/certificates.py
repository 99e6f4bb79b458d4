"""Certificates of nobody's making but a test's."""

import subprocess
from pathlib import Path


def self_signed(directory: Path, host: str) -> tuple[Path, Path]:
    """Make a certificate for a host by openssl; return its path and that of its key."""
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"),
            *("ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={host}"),
            *("-addext", f"subjectAltName=DNS:{host}", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return certificate, key
