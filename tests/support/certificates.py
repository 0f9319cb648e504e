"""Certificates that nobody vouches for."""

from __future__ import annotations

import shutil
import subprocess

from support.servers import absent


def certificate(folder, *, name="localhost"):
    """Make a certificate that signs itself, and its key; return their files."""
    if shutil.which("openssl") is None:
        absent("openssl makes the certificate; it is not installed")
    cert, key = folder / f"{name}.crt", folder / f"{name}.key"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={name}"]
    subprocess.run([*made, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key
