"""For the scenarios of metrics: an executable with `--metrics`, and requests to it."""

import http.client
import re
import time

from exposition import parse
from loopback import Running
from patience import PATIENCE

TYPE = "text/plain; version=0.0.4; charset=utf-8"


def scrape_at(port, host="127.0.0.1"):
    """The families of metrics."""
    connection = http.client.HTTPConnection(host, port, timeout=20 * PATIENCE)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if (answer.status, answer.getheader("Content-Type")) != (200, TYPE):
        raise SystemExit(f"status {answer.status}, {answer.getheader('Content-Type')}")
    return parse(body.decode())


class Served(Running):
    """The program, which serves metrics at any free port of `host`."""

    def __init__(self, command, host="127.0.0.1", ready="ready"):
        shown = f"[{host}]" if ":" in host else host
        super().__init__([*command, f"--metrics={shown}:0"], ready=ready)
        self.host = host

    def __enter__(self):
        super().__enter__()
        said = re.search(r"metrics are at http://(.*):([0-9]+)/metrics\n", self.stderr())
        self.port = int(said[2])
        return self

    def scrape(self):
        return scrape_at(self.port, self.host)

    def scrape_until(self, holds):
        """The first families of which something holds."""
        deadline = time.monotonic() + 20 * PATIENCE
        while not holds(families := self.scrape()):
            if time.monotonic() > deadline:
                raise SystemExit("it never holds")
            time.sleep(0.02)
        return families


def show(families):
    """Prints all families, for FileCheck."""
    for family in families.values():
        print(f"{family.name} {family.type}: {family.help}")
        for (name, labels), value in family.samples.items():
            print("  " + " ".join([name.removeprefix(family.name) or "=", *(f"{label}={text!r}" for label, text in labels), str(value)]))
