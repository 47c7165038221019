"""Eight clients that take bytes as fast as they come, whoever sends them.

Run as a program, so that what it costs is nobody else's: addresses and a header on its standard
input, and on its output the seconds from the first request to the last byte, and the bytes.
"""

import http.client
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

CLIENTS = 8
BLOCK = 1 << 20


def fetch(links: list[str], headers: dict[str, str], times: int) -> tuple[float, int, float]:
    """Take each link `times` times with eight clients; give seconds, bytes, processor time."""
    asked = json.dumps({"links": links * times, "headers": headers})
    program = [sys.executable, "-m", "tests.bench.downloads.fetching"]
    done = subprocess.run(program, input=asked, capture_output=True, text=True, check=True)
    seconds, size, spent = json.loads(done.stdout)
    return seconds, size, spent


def _take(links: list[str], headers: dict[str, str]) -> int:
    """One client: one connection, one link after the other."""
    address = urlsplit(links[0])
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=120)
    buffer, size = memoryview(bytearray(BLOCK)), 0
    for link in links:
        parts = urlsplit(link)
        connection.request("GET", f"{parts.path}?{parts.query}".rstrip("?"), headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(answer.status)
        told, got = int(answer.headers["Content-Length"]), 0
        while count := answer.readinto(buffer):
            got += count
        if got != told:
            raise RuntimeError(got)
        size += got
    connection.close()
    return size


def _main() -> None:
    told = json.load(sys.stdin)
    shares = [told["links"][number::CLIENTS] for number in range(CLIENTS)]
    begun, spent = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(CLIENTS) as pool:
        size = sum(pool.map(lambda links: _take(links, told["headers"]), shares))
    took = time.perf_counter() - begun, size, time.process_time() - spent
    print(json.dumps(took))


if __name__ == "__main__":
    _main()
