from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

from bench.report.leaderboard import render
from bench.store.scored_run import load_runs

HOSTILE = "<script>alert(1)</script>"


def _browser_module():
    spec = importlib.util.spec_from_file_location("browser", Path(__file__).with_name("browser.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


browser_module = _browser_module()
needs_chromium = pytest.mark.skipif(
    browser_module.CHROMIUM is None, reason="no chromium is installed"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory, write):
    """A page of four methods on three masks."""
    folder = tmp_path_factory.mktemp("html")
    for mask in ("center-box", "half", "irregular"):
        write(folder / "runs", "telea", mask, seconds=0.01, set_metrics={"fid": (80.0, 12)})
        write(folder / "runs", "navier-stokes", mask, shift=0.02, seconds=0.02)
        write(folder / "runs", HOSTILE, mask, shift=0.05, seconds=0.001)
        write(folder / "runs", "ddpm", mask, shift=-0.02, seconds=20.0)
    path = folder / "page.html"
    path.write_text(render(load_runs([folder / "runs"]), "html"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    started = browser_module.Browser(tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.fixture
def opened(browser, page):
    browser.problems.clear()
    browser.requests.clear()
    browser.dark(False)
    browser.size(1280, 900)
    browser.open(page)
    yield browser
    assert browser.problems == []
    assert all(url.startswith(("data:", page.as_uri())) for url in browser.requests)


def _payload(html):
    return [json.loads(text) for text in re.findall(r'/json">(.*?)</script>', html, re.S)]


def _texts(browser, selector):
    code = f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)"
    return browser.js(code)


def _methods(browser):
    return _texts(browser, "#scores tbody td:first-child")


def test_the_page_names_no_other_host_and_holds_no_foreign_markup(page):
    html = page.read_text("utf-8")
    without_data = re.sub(r"data:image/webp;base64,[A-Za-z0-9+/=]+", "", html)
    assert re.findall(r"https?://[^\s\"']+", without_data) == ["http://www.w3.org/2000/svg"]
    assert HOSTILE not in html
    assert html.count("<script") == 3
    assert "@" not in re.sub(r"@media", "", html.split("</head>")[0])


def test_a_run_without_pictures_still_makes_a_page(make_run):
    html = render(load_runs([make_run("telea", pixels=False)]), "html")
    data, pool = _payload(html)
    assert pool == []
    assert data["boards"][0]["pictures"]["ids"] == []
    assert data["boards"][0]["rows"][0]["cells"]["lpips"]["text"].startswith("0.")


def test_tabs_of_one_mask_are_told_apart(make_run):
    make_run("telea", pixels=False)
    data, _ = _payload(render(load_runs([make_run("telea", n=8, pixels=False).parent]), "html"))
    assert sorted(b["tab"] for b in data["boards"]) == ["center-box, n = 12", "center-box, n = 8"]


def test_fewer_pictures_on_demand(make_run):
    runs = load_runs([make_run("telea")])
    for most, rows in ((0, 0), (8, 2), (1000, 6)):
        data, pool = _payload(render(runs, "html", pictures=most))
        assert len(data["boards"][0]["pictures"]["ids"]) == rows
        assert len(pool) <= most


@needs_chromium
def test_holes_of_one_area_give_no_curve(make_run, browser, tmp_path):
    run = make_run("telea", pixels=False)
    summary = json.loads((run / "summary.json").read_text())
    for entry in summary["metrics"].values():
        entry["by_hole_area"] = [{"edges": [0.2, 0.3], "n": 12, "mean": 0.1}]
    (run / "summary.json").write_text(json.dumps(summary))
    (tmp_path / "page.html").write_text(render(load_runs([run]), "html"), encoding="utf-8")
    browser.open(tmp_path / "page.html")
    assert "All holes of this mask cover between 20 and 30" in " ".join(_texts(browser, ".plots p"))
    assert browser.js("document.querySelectorAll('.plots svg').length") == 1


def test_a_picture_is_carried_once(page):
    html = page.read_text("utf-8")
    data, pool = _payload(html)
    assert len(pool) == len(set(pool)) > 6
    first, second, _ = data["boards"]
    assert first["pictures"]["target"][0] == second["pictures"]["target"][0]


@needs_chromium
def test_hostile_names_are_text(opened):
    assert HOSTILE in " ".join(_methods(opened))
    assert opened.js("document.querySelectorAll('main script').length") == 0


@needs_chromium
def test_sorting_by_a_click_on_a_head(opened):
    assert _methods(opened)[0] == "ddpm"
    by_lpips = "document.querySelector('button[data-sort=lpips]').parentElement"
    assert opened.js(f"{by_lpips}.getAttribute('aria-sort')") == "ascending"
    opened.click('button[data-sort="seconds"]')
    assert _methods(opened) == [HOSTILE, "telea", "navier-stokes", "ddpm"]
    sorted_by = "document.querySelector('th:last-child').getAttribute('aria-sort')"
    assert opened.js(sorted_by) == "ascending"
    opened.click('button[data-sort="seconds"]')
    assert _methods(opened)[0] == "ddpm"
    opened.click('button[data-sort="fid"]')
    assert _methods(opened)[0] == "telea"
    opened.click('button[data-sort="psnr"]')
    assert _methods(opened)[0] == "ddpm"


@needs_chromium
def test_the_filter_keeps_matching_methods_in_tables_and_plots(opened):
    opened.key("/")
    opened.type("TELEA, navier")
    assert sorted(_methods(opened)) == ["navier-stokes", "telea"]
    assert (
        opened.js("document.querySelectorAll('.plots svg')[0].querySelectorAll('circle').length")
        == 2
    )
    opened.type("xyz")
    assert _methods(opened) == ["telea"]


@needs_chromium
def test_tabs_by_mouse_and_keyboard(opened):
    assert _texts(opened, "[role=tab]") == ["center-box", "half", "irregular", "Mean ranks"]
    opened.click("[role=tab]", 2)
    assert _texts(opened, "h2") == ["irregular on photos (32 px, 12 images)"]
    opened.js("document.querySelector('[aria-selected=true]').focus()")
    opened.key("ArrowRight")
    assert _texts(opened, "h2")[0].startswith("Mean ranks over 3 masks")
    assert opened.js("document.activeElement.textContent") == "Mean ranks"
    opened.key("]")
    assert _texts(opened, "h2")[0].startswith("center-box")


@needs_chromium
def test_the_slider_uncovers_the_method(opened):
    clip = "document.querySelector('.after').style.clipPath"
    assert opened.js(clip) == "inset(0px 0px 0px 50%)"
    opened.js("document.querySelector('#slider').focus()")
    opened.key("ArrowRight")
    assert opened.js(clip) == "inset(0px 0px 0px 51%)"
    opened.js("document.querySelector('#stage').scrollIntoView({block: 'center'})")
    x, y, width = opened.js(
        "(b => [b.x, b.y + 50, b.width])(document.querySelector('#stage').getBoundingClientRect())"
    )
    opened.mouse("mousePressed", x + width * 0.5, y)
    opened.mouse("mouseMoved", x + width * 0.25, y)
    opened.mouse("mouseReleased", x + width * 0.25, y)
    assert float(re.search(r"([\d.]+)%", opened.js(clip))[1]) == pytest.approx(25, abs=1)


@needs_chromium
def test_the_keyboard_goes_through_images_and_methods(opened):
    opened.key("ArrowRight")
    assert _texts(opened, "#which") == ["scene1-0 (2 of 6)"]
    opened.key("ArrowLeft")
    opened.key("ArrowLeft")
    assert _texts(opened, "#which") == ["scene5-0 (6 of 6)"]
    opened.js("document.querySelector('#stage').focus()")
    assert _texts(opened, ".stage .right") == ["ddpm"]
    opened.key("ArrowDown")
    assert _texts(opened, ".stage .right") == ["telea"]
    assert opened.js("document.activeElement.id") == "stage"
    shown = opened.js("document.querySelector('.after').naturalWidth")
    assert shown == 32


@needs_chromium
def test_pareto_front_curves_and_cases_are_drawn(opened):
    filled = "[...document.querySelectorAll('.plots svg')[0].querySelectorAll('circle')]"
    front = opened.js(f"{filled}.filter(c => c.getAttribute('fill') !== 'none').length")
    assert front == 3  # the hostile one is the fastest, ddpm the best; navier-stokes is dominated
    assert (
        opened.js("document.querySelectorAll('.plots svg')[1].querySelectorAll('polyline').length")
        == 4
    )
    assert len(_texts(opened, "#cases figure")) == 6
    worst, best = (float(_texts(opened, "#cases figcaption")[k].split()[-1]) for k in (0, 3))
    assert worst > best


@needs_chromium
def test_a_phone_needs_no_sideways_scrolling(opened):
    opened.size(390, 844, phone=True)
    assert opened.js("document.documentElement.scrollWidth") <= 390
    opened.click("[role=tab]", 3)
    assert opened.js("document.documentElement.scrollWidth") <= 390


@needs_chromium
def test_dark_by_the_system_and_by_the_button(opened):
    paper = "getComputedStyle(document.body).backgroundColor"
    assert opened.js(paper) == "rgb(255, 255, 255)"
    opened.dark(True)
    assert opened.js(paper) == "rgb(20, 22, 26)"
    opened.click("#theme")
    assert opened.js(paper) == "rgb(255, 255, 255)"
