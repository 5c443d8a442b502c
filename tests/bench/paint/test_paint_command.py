"""`bench paint` as a command: what it says, and what it refuses in one line."""

from __future__ import annotations

import socket
import sys
from typing import Any

import pytest
import uvicorn

from bench.paint.serve import serve
from bench.paint.studio import PaintSettings
from masks.growing import add_mask
from tests.conftest import Bench


def test_a_port_or_host_that_cannot_be_had_is_one_line(here: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for arguments in (["--port", port], ["--host", "203.0.113.9"], ["--host", "no such host"]):
            done = here("paint", "--no-browser", *arguments)
            assert done.returncode == 2
            assert done.stderr.startswith("Error: --host ")
            assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--method", "tellea"], "Did you mean 'telea'?"),
        (["--dataset", "folder:nowhere"], "does not exist"),
        (["--size", "4"], "--size"),
        (["--timeout", "0"], "--timeout"),
        (["--port", "70000"], "--port"),
        (["--device", "tpu"], "is not cpu, cuda or cuda:N"),
    ],
)
def test_a_wrong_option_is_one_line(here: Bench, arguments: list[str], message: str) -> None:
    done = here("paint", "--no-browser", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_the_extra_it_says_what_to_install(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "bench.paint.serve")
    done = here("paint")
    assert done.returncode == 2
    assert "pip install 'inpaint-bench[paint]'" in done.stderr


@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_it_warns_when_other_machines_can_reach_it(
    monkeypatch: pytest.MonkeyPatch, host: str, warned: bool
) -> None:
    opened: list[str] = []
    said: list[str] = []

    def run(server: Any, sockets: list[socket.socket]) -> None:
        assert sockets[0].getsockname()[0] == host
        server.on_start()

    monkeypatch.setattr(uvicorn.Server, "run", run)
    monkeypatch.setattr("webbrowser.open", opened.append)
    serve(PaintSettings(add_mask, methods=["telea"]), host, 0, browser=True, say=said.append)
    assert any("lets other machines reach this page" in line for line in said) == warned
    assert opened[0] in said[-1]
    assert len(opened[0].split("/")[3]) == 32
