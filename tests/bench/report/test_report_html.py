from __future__ import annotations

import json
import re

import pytest

from bench.report.leaderboard import render
from bench.store.scored_run import load_runs

HOSTILE = "<script>alert(1)</script>"


def _payload(html):
    return [json.loads(text) for text in re.findall(r'/json">(.*?)</script>', html, re.S)]


def _texts(shown, selector):
    code = f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)"
    return shown.js(code)


def _methods(browser):
    return _texts(browser, "#scores tbody td:first-child")


def test_the_page_names_no_other_host_and_holds_no_foreign_markup(page):
    html = page.read_text("utf-8")
    without_data = re.sub(r"data:image/webp;base64,[A-Za-z0-9+/=]+", "", html)
    assert re.findall(r"https?://[^\s\"']+", without_data) == ["http://www.w3.org/2000/svg"]
    assert HOSTILE not in html
    assert html.count("<script") == 4
    assert "@" not in re.sub(r"@media", "", html.split("</head>")[0])


def test_a_run_without_pictures_still_makes_a_page(make_run):
    html = render(load_runs([make_run("telea", pixels=False)]), "html")
    data, _, pool = _payload(html)
    assert pool == []
    assert data["boards"][0]["pictures"]["ids"] == []
    assert data["boards"][0]["rows"][0]["cells"]["lpips"]["text"].startswith("0.")


def test_tabs_of_one_mask_are_told_apart(make_run):
    make_run("telea", pixels=False)
    data, *_ = _payload(render(load_runs([make_run("telea", n=8, pixels=False).parent]), "html"))
    assert sorted(b["tab"] for b in data["boards"]) == ["center-box, n = 12", "center-box, n = 8"]


def test_fewer_pictures_on_demand(make_run):
    runs = load_runs([make_run("telea")])
    for most, rows, wide in ((0, 0, 0), (3, 8, 32), (1000, 8, 32)):
        html = render(runs, "html", pictures=most)
        data, _, pool = _payload(html)
        assert len(data["boards"][0]["pictures"]["ids"]) == rows
        assert sum(map(len, pool)) <= most * 9000 * 4 / 3
        assert bool(pool) is bool(wide)


def test_holes_of_one_area_give_no_curve(make_run, blank, tmp_path):
    run = make_run("telea", pixels=False)
    summary = json.loads((run / "summary.json").read_text())
    for entry in summary["metrics"].values():
        entry["by_hole_area"] = [{"edges": [0.2, 0.3], "n": 12, "mean": 0.1}]
    (run / "summary.json").write_text(json.dumps(summary))
    (tmp_path / "page.html").write_text(render(load_runs([run]), "html"), encoding="utf-8")
    blank.page.goto((tmp_path / "page.html").as_uri())
    assert blank.js("document.querySelectorAll('.plots .card').length") == 0  # no empty card


def test_a_picture_is_carried_once(page):
    html = page.read_text("utf-8")
    data, _, pool = _payload(html)
    assert len(pool) == len(set(pool)) > 6
    first, second, _ = data["boards"]
    assert first["pictures"]["target"][0] == second["pictures"]["target"][0]


def test_hostile_names_are_text(opened):
    assert HOSTILE in " ".join(_methods(opened))
    assert opened.js("document.querySelectorAll('main script').length") == 0


def test_sorting_by_a_click_on_a_head(opened):
    assert _methods(opened)[0] == "ddpm"
    by_lpips = "document.querySelector('button[data-sort=lpips]').parentElement"
    assert opened.js(f"{by_lpips}.getAttribute('aria-sort')") == "ascending"
    opened.page.click('button[data-sort="seconds"]')
    assert _methods(opened) == [HOSTILE, "telea", "navier-stokes", "ddpm"]
    sorted_by = "document.querySelector('th:last-child').getAttribute('aria-sort')"
    assert opened.js(sorted_by) == "ascending"
    opened.page.click('button[data-sort="seconds"]')
    assert _methods(opened)[0] == "ddpm"
    opened.page.click('button[data-sort="fid"]')
    assert _methods(opened)[0] == "telea"
    opened.page.click('button[data-sort="psnr"]')
    assert _methods(opened)[0] == "ddpm"


def test_the_filter_keeps_matching_methods_in_tables_and_plots(opened):
    opened.page.keyboard.press("/")
    opened.page.keyboard.insert_text("TELEA, navier")
    assert sorted(_methods(opened)) == ["navier-stokes", "telea"]
    assert (
        opened.js("document.querySelectorAll('.plots svg')[0].querySelectorAll('circle').length")
        == 2
    )
    opened.page.keyboard.insert_text("xyz")
    assert _methods(opened) == ["telea"]


def test_tabs_by_mouse_and_keyboard(opened):
    assert _texts(opened, "[role=tab]") == ["center-box", "half", "irregular", "Mean ranks"]
    opened.page.locator("[role=tab]").nth(2).click()
    assert _texts(opened, "h2") == ["irregular on photos (32 px, 12 images)"]
    opened.js("document.querySelector('[aria-selected=true]').focus()")
    opened.page.keyboard.press("ArrowRight")
    assert _texts(opened, "h2")[0].startswith("Mean ranks over 3 masks")
    assert opened.js("document.activeElement.textContent") == "Mean ranks"
    opened.page.keyboard.press("]")
    assert _texts(opened, "h2")[0].startswith("center-box")


def test_the_slider_uncovers_the_method(opened):
    clip = "document.querySelector('.after').style.clipPath"
    assert opened.js(clip) == "inset(0px 0px 0px 50%)"
    opened.js("document.querySelector('#slider').focus()")
    opened.page.keyboard.press("ArrowRight")
    assert opened.js(clip) == "inset(0px 0px 0px 51%)"
    opened.js("document.querySelector('#stage').scrollIntoView({block: 'center'})")
    x, y, width = opened.js(
        "(b => [b.x, b.y + 50, b.width])(document.querySelector('#stage').getBoundingClientRect())"
    )
    opened.page.mouse.move(x + width * 0.5, y)
    opened.page.mouse.down()
    opened.page.mouse.move(x + width * 0.25, y)
    opened.page.mouse.up()
    assert float(re.search(r"([\d.]+)%", opened.js(clip))[1]) == pytest.approx(25, abs=1)


def test_the_keyboard_goes_through_images_and_methods(opened):
    opened.page.keyboard.press("ArrowRight")
    assert _texts(opened, "#which") == ["scene1-0 (2 of 8)"]
    opened.page.keyboard.press("ArrowLeft")
    opened.page.keyboard.press("ArrowLeft")
    assert _texts(opened, "#which") == ["scene1-1 (8 of 8)"]
    opened.js("document.querySelector('#stage').focus()")
    assert _texts(opened, ".stage .right") == ["ddpm"]
    opened.page.keyboard.press("ArrowDown")
    assert _texts(opened, ".stage .right") == ["telea"]
    assert opened.js("document.activeElement.id") == "stage"
    shown = opened.js("document.querySelector('.after').naturalWidth")
    assert shown == 32


def test_pareto_front_curves_and_cases_are_drawn(opened):
    filled = "[...document.querySelectorAll('.plots svg')[0].querySelectorAll('circle')]"
    front = opened.js(f"{filled}.filter(c => !c.getAttribute('fill').startsWith('var')).length")
    assert front == 3  # the hostile one is the fastest, ddpm the best; navier-stokes is dominated
    assert (
        opened.js("document.querySelectorAll('.plots svg')[1].querySelectorAll('g.curve').length")
        == 4
    )
    assert len(_texts(opened, "#cases figure")) == 6
    worst, best = (float(_texts(opened, "#cases figcaption")[k].split()[-1]) for k in (0, 3))
    assert worst > best


def test_a_phone_needs_no_sideways_scrolling(opened):
    opened.page.set_viewport_size({"width": 390, "height": 844})
    assert opened.js("document.documentElement.scrollWidth") <= 390
    opened.page.locator("[role=tab]").nth(3).click()
    assert opened.js("document.documentElement.scrollWidth") <= 390


def test_dark_by_the_system_and_by_the_button(opened):
    paper = "getComputedStyle(document.body).backgroundColor"
    assert opened.js(paper) == "rgb(255, 255, 255)"
    opened.page.emulate_media(color_scheme="dark")
    assert opened.js(paper) == "rgb(20, 22, 26)"
    opened.page.click("#theme")
    assert opened.js(paper) == "rgb(255, 255, 255)"


def test_the_page_says_what_when_and_on_which_machine(opened):
    assert opened.js("document.title") == "Inpainting of photos"
    facts = _texts(opened, "#facts dt")
    assert facts[0] == "Data"
    assert _texts(opened, "#facts dd")[0] == "photos at 32 px, 12 images"


def test_tables_are_downloaded_as_csv_and_latex(opened, page):
    _, files, _ = _payload(page.read_text("utf-8"))
    assert files["leaderboard.csv"].startswith("dataset,")
    assert r"\begin{tabular}" in files["leaderboard.tex"]
    links = opened.js("[...document.querySelectorAll('#files a')].map(a => [a.download, a.href])")
    assert [name for name, _ in links] == ["leaderboard.csv", "leaderboard.tex"]
    assert all(href.startswith("data:text/plain") for _, href in links)


def test_the_address_keeps_tab_sorting_metric_and_filter(opened, page):
    opened.js("openTab(1)")
    opened.js("document.querySelector('button[data-sort=\"psnr\"]').click()")
    address = opened.js("location.hash")
    assert address == "#tab=half&sort=-psnr"
    opened.page.goto(page.as_uri())
    opened.js("location.hash = '#tab=half&sort=psnr&metric=psnr&filter=telea,ddpm'")
    opened.js("new Promise(r => setTimeout(r, 50))")
    _wait(opened, "document.querySelector('#tabs [aria-selected=true]').textContent === 'half'")
    assert [text.split()[0] for text in _methods(opened)] == ["telea", "ddpm"]
    assert opened.js("byId('metric').value") == "psnr"


def _wait(shown, condition):
    for _ in range(100):
        if shown.js(condition):
            return
        shown.js("new Promise(r => setTimeout(r, 20))")
    raise AssertionError(condition)


def test_a_picture_opens_large_with_its_scores_and_leads_to_all_methods(opened):
    _wait(opened, "!!document.querySelector('.thumbs button')")
    opened.js(
        "document.querySelectorAll('.thumbs tbody tr')[1].querySelectorAll('button')[2].click()"
    )
    assert opened.js("byId('large').open")
    first = opened.js("byId('large').querySelector('strong').textContent")
    assert re.fullmatch(
        r"psnr \(dB\) ↑ [\d.]+   lpips ↓ [\d.]+", _texts(opened, "#large .scores")[0]
    )
    seen = {first}
    for _ in range(5):
        opened.page.keyboard.press("ArrowRight")
        seen.add(opened.js("byId('large').querySelector('strong').textContent"))
    assert {"target", "hole", "telea", "ddpm"} <= seen
    before = opened.js("byId('large').querySelector('img').alt")
    opened.page.keyboard.press("ArrowDown")
    assert opened.js("byId('large').querySelector('img').alt") != before
    opened.js("byId('large').close()")


def test_a_line_pointed_at_stands_out_and_shows_its_n(opened):
    opened.js("document.querySelector('.legend button').dispatchEvent(new Event('pointerenter'))")
    assert opened.js("document.querySelectorAll('g.curve.lit').length") == 1
    shown = "getComputedStyle(document.querySelector('g.curve.lit .n')).display"
    assert opened.js(shown) == "block"
    assert _texts(opened, "g.curve.lit .n")[0].startswith("n = ")


def test_the_front_is_a_staircase_and_points_have_intervals(opened):
    path = opened.js("document.querySelector('.front').getAttribute('d')")
    assert re.fullmatch(r"M[\d.]+ [\d.]+(H[\d.]+V[\d.]+)*H[\d.]+", path)
    svg = "document.querySelector('.front').closest('svg')"
    assert opened.js(f"{svg}.querySelectorAll('line[stroke-width]').length") == 4


def test_ranks_by_the_metric_that_is_chosen(opened):
    opened.js("location.hash = '#tab=Mean ranks&metric=psnr'")
    _wait(opened, "byId('panel').querySelector('h2').textContent.includes('psnr')")
    assert opened.js("document.querySelectorAll('svg.ranks line[stroke-width]').length") == 4


def test_seeds_and_samples_show_their_spread(make_run):
    make_run("ddpm", seed=0)
    data, *_ = _payload(render(load_runs([make_run("ddpm", seed=1, shift=0.01).parent]), "html"))
    (row,) = data["boards"][0]["rows"]
    assert re.fullmatch(r"±0\.0\d+ over 2 seeds", row["cells"]["lpips"]["spread"])
