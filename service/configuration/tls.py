"""Whether a certificate and its key are what TLS can be served with."""

import ssl
from pathlib import Path


def check(certificate: Path, key: Path, password: str | None) -> None:
    """Raises ValueError, with why, for a pair that can't be used."""
    try:
        # With a password at hand, be it empty, OpenSSL does not ask for one at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            certificate, key, lambda: password or ""
        )
    except ssl.SSLError:
        raise ValueError(
            f"{key} is not the key of the certificate {certificate}, its password is not that of "
            "tls_key_password, or one of the two files is not PEM"
        ) from None
    except OSError as error:
        raise ValueError(f"{error.filename or key} can't be read: {error.strerror}") from None
