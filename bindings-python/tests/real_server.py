"""A server of this build, with an empty database."""

import json
import os
import subprocess
import urllib.request
from pathlib import Path

from stream_server import PATIENCE

# `make test` names the server of its build.
BINARY = Path(os.environ.get("FLAGSTAFF_BINARY") or Path(__file__).parents[2] / "target" / "debug" / "flagstaff")
TOKEN, KEY = "fs_admin_of_the_tests_of_python", "fs_server_test"


class RealServer:
    """Runs on a free port of the loopback address; keeps its port and its data over a restart."""

    def __init__(self, folder):
        """Start it."""
        self.key = KEY
        self._folder = folder
        self._listen = "127.0.0.1:0"
        self.url = ""
        self.start()

    def start(self):
        """Start it, again if it was stopped."""
        arguments = ["--listen", self._listen, "--database", f"sqlite://{self._folder}/flagstaff.db"]
        arguments += ["--admin-token", TOKEN, "--server-key", KEY]
        # Nothing of the environment that starts the tests: FLAGSTAFF_URL and the like are read by clients.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FLAGSTAFF_")}
        self._process = subprocess.Popen(
            [BINARY, "serve", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )
        self.url = self._process.stdout.readline().removeprefix("listening on ").strip()
        self._listen = self.url.removeprefix("http://")

    def stop(self):
        """Stop it as an operator would; it stores what it knows."""
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._process.stdout.close()

    def put(self, flag, body):
        """Change a flag as a person would."""
        self._ask("PUT", f"flags/{flag}", body)

    def switch(self, flag, on):
        """Switch a boolean flag on or off for everybody."""
        self.put(flag, {"enabled": on, "rolloutPercentage": 100})

    def usage(self, *flags):
        """Return the stored counts of flags by variant; restarts the server, which stores only now and then."""
        self.stop()
        self.start()

        def counts(flag):
            return {row["variant"]: row["count"] for row in self._ask("GET", f"flags/{flag}/usage")["variants"]}

        return {flag: counts(flag) for flag in flags}

    def _ask(self, method, path, body=None):
        address = f"{self.url}/api/v1/projects/default/environments/production/{path}"
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data, headers, method=method)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:  # noqa: S310 - loopback
            return json.loads(response.read())
