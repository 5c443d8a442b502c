"""Who is refused by the server of `bench paint`, and what every answer carries."""

from __future__ import annotations

import re

import pytest

from bench.paint.guard import FILE_BYTES, JSON_BYTES, Address
from tests.bench.paint.conftest import TOKEN, Page

OWN = "http://127.0.0.1:8000"
JSON = {"content-type": "application/json"}
FILE = {"content-type": "application/octet-stream"}
REFUSED = [
    # token and path
    ("GET", f"{OWN}/", {}, b"", 403),
    ("GET", f"{OWN}/wrong/", {}, b"", 403),
    ("GET", f"{OWN}/{TOKEN}x/", {}, b"", 403),
    ("GET", f"{OWN}/{TOKEN[:-1]}/choices", {}, b"", 403),
    ("GET", f"{OWN}/{TOKEN}", {}, b"", 403),
    ("GET", f"{OWN}//{TOKEN}/", {}, b"", 403),
    ("GET", f"{OWN}/page/main.js", {}, b"", 403),
    ("GET", f"{OWN}/{TOKEN}/page/..%2f..%2fapp.py", {}, b"", 404),
    ("GET", f"{OWN}/{TOKEN}/page/__init__.py", {}, b"", 404),
    ("GET", f"{OWN}/{TOKEN}/etc/passwd", {}, b"", 404),
    ("GET", f"{OWN}/{TOKEN}/datasets/0/..%2f..%2fx.webp", {}, b"", 404),
    ("GET", f"{OWN}/{TOKEN}/images/..%2fx.png", {}, b"", 404),
    # Host, as DNS rebinding leaves it
    ("GET", f"{OWN}/{TOKEN}/", {"host": "evil.example"}, b"", 421),
    ("GET", f"{OWN}/{TOKEN}/", {"host": "evil.example:8000"}, b"", 421),
    ("GET", f"{OWN}/{TOKEN}/", {"host": "127.0.0.1:8001"}, b"", 421),
    ("GET", f"{OWN}/{TOKEN}/", {"host": "127.0.0.1.evil.example:8000"}, b"", 421),
    # Origin
    ("GET", f"{OWN}/{TOKEN}/choices", {"origin": "http://evil.example"}, b"", 403),
    ("GET", f"{OWN}/{TOKEN}/choices", {"origin": "null"}, b"", 403),
    ("POST", f"{OWN}/{TOKEN}/fills", {**JSON, "origin": "http://127.0.0.1:8001"}, b"{}", 403),
    ("POST", f"{OWN}/{TOKEN}/fills", {**JSON, "origin": "https://127.0.0.1:8000"}, b"{}", 403),
    ("POST", f"{OWN}/{TOKEN}/fills", {**JSON, "sec-fetch-site": "cross-site"}, b"{}", 403),
    # method, size, content type
    ("PUT", f"{OWN}/{TOKEN}/fills", JSON, b"{}", 405),
    ("DELETE", f"{OWN}/{TOKEN}/images/p1.png", {}, b"", 405),
    ("GET", f"{OWN}/{TOKEN}/fills", {}, b"", 405),
    ("POST", f"{OWN}/{TOKEN}/fills", JSON, b" " * (JSON_BYTES + 1), 413),
    ("POST", f"{OWN}/{TOKEN}/uploads", {**FILE, "content-length": str(FILE_BYTES + 1)}, b"", 413),
    ("POST", f"{OWN}/{TOKEN}/fills", {"content-type": "text/plain"}, b"{}", 415),
    ("POST", f"{OWN}/{TOKEN}/fills", FILE, b"{}", 415),
    ("POST", f"{OWN}/{TOKEN}/uploads", {"content-type": "multipart/form-data"}, b"x", 415),
    ("POST", f"{OWN}/{TOKEN}/fills", {**JSON, "content-length": "many"}, b"", 411),
    ("POST", f"{OWN}/{TOKEN}/uploads", {**FILE, "transfer-encoding": "chunked"}, b"x", 411),
]  # fmt: skip


@pytest.mark.parametrize(("verb", "url", "headers", "body", "code"), REFUSED)
def test_what_is_not_of_the_page_is_refused(
    page: Page, verb: str, url: str, headers: dict[str, str], body: bytes, code: int
) -> None:
    answer = page.client.request(verb, url, headers=headers, content=body)
    assert answer.status_code == code
    assert answer.text.count("\n") <= 1
    assert TOKEN not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_post_without_an_origin_is_refused(page: Page) -> None:
    request = page.client.build_request("POST", "/warm", json={"methods": []})
    del request.headers["origin"]
    assert page.client.send(request).status_code == 403


def test_every_answer_holds_the_page_in(page: Page) -> None:
    headers = page.client.get("/").headers
    policy = headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_the_page_names_no_other_host(page: Page) -> None:
    html = page.client.get("/").text
    names = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert len(names) == 4
    scripts = {name.removeprefix("page/") for name in names if name.startswith("page/")}
    sources = [html]
    while scripts:
        source = page.client.get(f"/page/{scripts.pop()}")
        assert source.status_code == 200
        sources.append(source.text)
        new = set(re.findall(r'from "\./(\w+\.js)"', source.text))
        scripts |= {name for name in new if page.client.get(f"/page/{name}").text not in sources}
    assert len(sources) >= 14
    assert not any(re.search(r"https?://", text) for text in sources)
    assert not any("innerHTML" in text for text in sources)


@pytest.mark.parametrize(
    ("listens", "host", "own"),
    [
        ("127.0.0.1", "127.0.0.1:8000", True),
        ("127.0.0.1", "localhost:8000", True),
        ("127.0.0.1", "127.0.0.1", False),
        ("127.0.0.1", "192.168.1.5:8000", False),
        ("::1", "[::1]:8000", True),
        ("192.168.1.5", "192.168.1.5:8000", True),
        ("192.168.1.5", "other.example:8000", False),
        ("0.0.0.0", "192.168.1.5:8000", True),
        ("0.0.0.0", "rebound.example:8000", False),
        ("::", "[2001:db8::1]:8000", True),
    ],
)
def test_which_hosts_are_the_servers_own(listens: str, host: str, own: bool) -> None:
    assert Address(listens, 8000, TOKEN).is_own(host) == own


@pytest.mark.parametrize(
    ("listens", "url", "loopback"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/t/", True),
        ("::1", "http://[::1]:8000/t/", True),
        ("localhost", "http://localhost:8000/t/", True),
        ("0.0.0.0", "http://127.0.0.1:8000/t/", False),
        ("10.0.0.7", "http://10.0.0.7:8000/t/", False),
    ],
)
def test_the_address_and_whether_others_reach_it(listens: str, url: str, loopback: bool) -> None:
    address = Address(listens, 8000, "t")
    assert address.url == url
    assert address.is_loopback == loopback
