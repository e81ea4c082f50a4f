"""Servers whose certificate is of an authority that nobody else knows, as companies have them."""

import os
import shutil
import ssl
import subprocess
import sys

import pytest
from flagstaff import Client
from stream_server import KEY, PATIENCE, QUICK, StreamServer, flag

EXTENSIONS = """
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
[server]
basicConstraints = critical, CA:FALSE
subjectAltName = IP:127.0.0.1
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Make an authority, and a server with a certificate of it; return the path of the authority's certificate."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl")
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "extensions").write_text(EXTENSIONS)

    def certificate(name, *arguments):
        command = ["openssl", "req", "-x509", "-config", "extensions", "-extensions", name, "-subj", f"/CN={name}"]
        command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        command += ["-keyout", f"{name}.key", "-out", f"{name}.pem", *arguments]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return folder / f"{name}.pem"

    own = certificate("authority")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate("server", "-CA", "authority.pem", "-CAkey", "authority.key"), folder / "server.key")
    with StreamServer(tls) as server:
        server.set("a", flag())
        yield server, own


def test_a_bundle_makes_its_authority_trusted(authority):
    server, bundle = authority
    with Client(server.url, KEY, timing=QUICK) as stranger:
        assert stranger.ready(timeout=0.5) == "TIMED_OUT"
        assert stranger.get_boolean_value("a", False) is False
    with Client(server.url, KEY, timing=QUICK, ca_bundle=bundle) as client:
        assert client.ready(timeout=PATIENCE) == "READY"
        assert client.get_boolean_value("a", False) is True


def test_authorities_of_the_environment_are_trusted(authority):
    server, bundle = authority
    script = f"from flagstaff import Client; print(Client({server.url!r}, {KEY!r}).ready({PATIENCE}))"
    environment = {**os.environ, "SSL_CERT_FILE": str(bundle)}
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("READY\n", "")
