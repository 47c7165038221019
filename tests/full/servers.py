"""PACS from Debian packages, as processes on free ports of 127.0.0.1: Orthanc, DCMTK's dcmqrscp."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.sources.network.peer import Peer, Retrieve
from tests.flows.sources.peers import HOST, OURS, PATIENCE, wait_for
from tests.servers import free_ports

ORTHANC, DCMQRSCP = "ORTHANC", "DCMQRSCP"
SHIM = Path(__file__).with_name("loopback.c")


@dataclass
class Server:
    """A PACS that runs."""

    title: str
    port: int
    process: subprocess.Popen[bytes]

    def peer(self, **changes: Any) -> Peer:
        values = {"retrieve": Retrieve.MOVE, "patience": PATIENCE} | changes
        return Peer(self.title, HOST, self.port, OURS, **values)


def needed(program: str) -> str:
    """Return where a program is; a test of it fails where it is missing."""
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, f"{program} is not installed; see CONTRIBUTING.md"
    return found


def shim(folder: Path) -> Path:
    """Compile what keeps a server on 127.0.0.1."""
    library = folder / "loopback.so"
    command = [needed("cc"), "-shared", "-fPIC", "-o", str(library), str(SHIM), "-ldl"]
    subprocess.run(command, check=True)
    return library


@contextmanager
def orthanc(folder: Path, receiver_port: int, **more: Any) -> Iterator[Server]:
    """Start Orthanc; `more` overrides its settings."""
    port, web = free_ports(2)
    folder.mkdir(parents=True, exist_ok=True)
    known = {
        "AET": OURS, "Host": HOST, "Port": receiver_port, "AllowEcho": True, "AllowFind": True,
        "AllowGet": True, "AllowMove": True, "AllowStore": True,
    }  # fmt: skip
    settings = {
        "StorageDirectory": str(folder / "store"),
        "IndexDirectory": str(folder / "store"),
        "HttpPort": web,
        "RemoteAccessAllowed": False,
        "DicomAet": ORTHANC,
        "DicomPort": port,
        "DicomCheckCalledAet": True,
        "DicomAlwaysAllowEcho": True,
        "DicomAlwaysAllowStore": True,
        "DicomModalities": {"ours": known},
        "Plugins": [],
    } | more
    (folder / "orthanc.json").write_text(json.dumps(settings))
    command = [needed("Orthanc"), str(folder / "orthanc.json")]
    with _running(ORTHANC, port, command, folder) as server:
        yield server


@contextmanager
def dcmqrscp(folder: Path, receiver_port: int) -> Iterator[Server]:
    """Start DCMTK's PACS, without compression: it has one syntax for all that it sends."""
    (port,) = free_ports(1)
    store = folder / "store"
    store.mkdir(parents=True, exist_ok=True)
    settings = folder / "dcmqrscp.cfg"
    settings.write_text(
        f"""NetworkTCPPort  = {port}
MaxPDUSize      = 131072
MaxAssociations = 16
HostTable BEGIN
ours = ({OURS}, {HOST}, {receiver_port})
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
{DCMQRSCP} {store} RW (200, 4096mb) ANY
AETable END
"""
    )
    command = [needed("dcmqrscp"), "-c", str(settings)]
    with _running(DCMQRSCP, port, command, folder) as server:
        yield server


@contextmanager
def _running(title: str, port: int, command: list[str], folder: Path) -> Iterator[Server]:
    environment = os.environ | {"LD_PRELOAD": str(shim(folder))}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port, process)
        yield Server(title, port, process)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
