from __future__ import annotations

import csv
from importlib.resources import files

import pytest

import masks
from bench.api import RequestError
from bench.datasets import DATASETS
from bench.metrics import METRICS
from bench.plan import request
from bench.report import table
from bench.report.cells import Cell
from bench.report.protocol import load_protocol, protocol_names, published
from bench.store.scored_run import load_runs
from masks.irregular import BINS
from methods import METHODS

FACES = {"steps": 250, "jump_length": 10, "jump_samples": 1, "weights": "celebahq-256"}


@pytest.fixture(autouse=True)
def _no_data(monkeypatch):
    monkeypatch.delenv("INPAINT_BENCH_DATA", raising=False)


def test_every_protocol_names_things_that_exist():
    assert protocol_names() == [
        "aot-places", "baselines-fashion-mnist", "baselines-photos", "mat-places",
        "repaint-celebahq", "repaint-imagenet", "repaint-places",
    ]  # fmt: skip
    for name in protocol_names():
        protocol = load_protocol(name)
        assert protocol.dataset in DATASETS
        assert {mask.split(":")[0] for mask in protocol.masks.values()} <= set(masks.MASKS)
        assert set(protocol.metrics) <= set(METRICS)
        assert {c.method for c in protocol.counterparts.values()} <= set(METHODS)
        assert set(protocol.published_metrics.values()) == set(protocol.metrics)


@pytest.mark.parametrize(
    ("name", "n_lines"),
    [
        *(("repaint-celebahq", 36), ("repaint-imagenet", 24), ("repaint-places", 36)),
        *(("mat-places", 24), ("aot-places", 18)),
    ],
)
def test_every_published_line_of_a_table_is_found(name, n_lines):
    assert len(published(load_protocol(name))) == n_lines


def test_published_numbers_are_under_our_mask_names():
    numbers = {(p.method, p.mask): p.text for p in published(load_protocol("repaint-celebahq"))}
    assert numbers["RePaint", "lama-thick:preset=256"] == "0.059"
    assert numbers["RePaint", "lama-thin:preset=256"] == "0.028"
    assert numbers["LaMa", "expand"] == "0.342"
    mat = {(p.method, p.mask, p.metric): p.text for p in published(load_protocol("mat-places"))}
    assert mat["MAT (8M)", "mat-small:preset=512", "fid"] == "0.78"
    assert mat["CoModGAN", "mat-large:preset=512", "p_ids"] == "19.64"


def test_bins_of_the_nvidia_pack_are_held_against_that_pack_alone():
    text = files("bench.report.published").joinpath("published.csv").read_text("utf-8")
    packs = {r["mask"] for r in csv.DictReader(text.splitlines()) if "pack" in r["protocol"]}
    assert len(packs) == 6
    for name in protocol_names():
        named = {k: v for k, v in load_protocol(name).masks.items() if k in packs}
        assert all(mask.startswith("nvidia:bin=") for mask in named.values())
    bins = load_protocol("aot-places").masks
    assert set(bins) == packs
    assert {mask.removeprefix("nvidia:bin=") for mask in bins.values()} == set(BINS)


def test_a_run_on_the_nvidia_pack_stands_beside_its_bin(make_run):
    run = make_run("telea", "nvidia:bin=10-20", dataset="places2")
    text = table.render("aot-places", load_runs([run]))
    line = next(line for line in text.splitlines() if line.startswith("| telea"))
    assert "places2" in line
    assert "### irregular 10-20% (here nvidia:bin=10-20)" in text
    assert "| AOT-GAN | 1.19 | – | – | 29.49 |" in text
    with pytest.raises(RequestError, match="--mask nvidia:PATH,bin=1-10` and so on for its 6"):
        load_protocol("aot-places").request(["telea"])


def test_without_data_the_table_says_what_is_missing():
    text = table.render("repaint-celebahq")
    assert "| RePaint | 0.059 | – | – |" in text
    assert "No run on lama-thick:preset=256, lama-thin:preset=256, super-resolve" in text
    assert "the images of celeba-hq are not on this machine" in text
    assert r"celeba256\_250000.pt" in text


def test_eight_images_and_a_stand_in_give_the_full_table_with_warnings(make_run):
    for mask in load_protocol("repaint-celebahq").masks.values():
        make_run("telea", mask, n=8, dataset="folder")
        run = make_run(
            "ddpm", mask, n=8, dataset="folder", assets={"w": "ab" * 32}, parameters=FACES
        )
    runs = load_runs([run.parent])
    text = table.render("repaint-celebahq", runs, any_dataset=True)
    assert text.count("| telea | – | 0.") == 6
    assert text.count("| RePaint (here ddpm:") == 6
    ours = next(r for r in runs if (r.spec["method"]["name"], r.mask) == ("ddpm", "half"))
    mean = ours.scores["lpips"].mean()
    assert f"| 0.165 | {mean:.4f} [0." in text
    assert f"] | {mean - 0.165:+.4f} | 8 | folder |" in text
    assert "n = 8 here, 100 in the paper." in text
    assert "Dataset: folder here, celeba-hq in the paper." in text
    assert "Size: 32 here, 256 in the paper." in text
    assert r"Weights of RePaint: w abababab here, celeba256\_250000.pt" in text
    assert r"RePaint: jump\_samples=1 here, 10 in the paper." in text
    assert "steps=" not in text.split("Not comparable")[1]
    assert "No run on" not in text


def test_another_sampler_with_the_papers_weights_is_no_counterpart(make_run):
    sampler = {"sampler": "pigdm", "steps": 18, "weights": "celebahq-256"}
    runs = load_runs([make_run("ddpm", "half", dataset="folder", parameters=sampler)])
    text = table.render("repaint-celebahq", runs, any_dataset=True)
    assert "RePaint (here" not in text
    assert "RePaint: no run of ddpm:weights=celebahq-256" in text


def test_runs_on_other_datasets_are_left_out_unless_asked_for(make_run):
    runs = load_runs([make_run("telea", "half", dataset="folder")])
    assert "telea" not in table.render("repaint-celebahq", runs)


def test_baselines_print_their_own_reference_beside_what_was_run(make_run):
    runs = load_runs([make_run("telea"), make_run("biharmonic")])
    text = table.render("baselines-photos", runs)
    ours = next(r for r in runs if r.method == "telea").scores["psnr"].mean()
    reference = next(
        p.text
        for p in published(load_protocol("baselines-photos"))
        if (p.method, p.mask, p.metric) == ("telea", "center-box", "psnr")
    )
    assert f"| {reference} | {ours:.2f} [" in text
    assert f"] | {ours - float(reference):+.2f} |" in text
    assert "No run on random-box, irregular, free-form, hybrid." in text


def test_a_wrong_name_or_metric_is_a_request_error(make_run):
    with pytest.raises(RequestError, match=r"No table was named\. Known: aot-places, "):
        table.render("")
    with pytest.raises(RequestError, match=r"Unknown table 'repaint-celeba'.*Did you mean"):
        table.render("repaint-celeba")
    runs = load_runs([make_run("telea", "mat-small:preset=512", dataset="places2")])
    with pytest.raises(RequestError, match="none of the table's metrics: fid, p_ids, u_ids"):
        table.render("mat-places", runs)


def test_other_weights_do_not_pass_for_the_paper(make_run):
    run = make_run("ddpm", "half", dataset="celeba-hq", parameters={"weights": "photos-64"})
    text = table.render("repaint-celebahq", load_runs([run]))
    assert "| RePaint | 0.165 | – |" in text
    assert "RePaint: no run of ddpm:weights=celebahq-256,steps=250" in text


def test_a_table_can_be_asked_for_as_runs():
    requested = load_protocol("baselines-photos").request()
    assert requested.masks == ("center-box", "random-box", "irregular", "free-form", "hybrid")
    assert requested.seeds == (0, 1, 2)
    assert "telea" in requested.methods
    asked = load_protocol("baselines-fashion-mnist").request(["telea"])
    assert (asked.methods, asked.limit) == (("telea",), 200)
    repaint = load_protocol("repaint-celebahq")
    assert repaint.request(["telea"]).masks[0] == "lama-thick:preset=256"
    with pytest.raises(RequestError, match=r"RePaint is ddpm:weights=celebahq-256,.*path=FILE"):
        repaint.request()


def test_our_tables_are_their_suites():
    for name in ("photos", "fashion-mnist"):
        protocol, requested = load_protocol(f"baselines-{name}"), request.suite(f"reference-{name}")
        assert protocol.dataset == requested.dataset
        assert set(protocol.masks.values()) == set(requested.masks)
        assert set(protocol.metrics) <= set(requested.metrics)
        assert protocol.n == len(request.runs(requested)[0].ids())
        ours = {(p.mask, p.method.split(":")[0], p.metric) for p in published(protocol)}
        assert len(ours) >= 5 * 6 * len(protocol.metrics)


def test_a_reproduced_number_has_no_signed_zero():
    assert table._compared("0.1503", Cell(0.15029999, None, 9)) == ["0.1503", "0.1503", "0"]
    compared = table._compared("0.1503", Cell(0.1401, (0.13, 0.15), 9))
    assert compared == ["0.1503", "0.1401 [0.1300, 0.1500]", "-0.0102"]


def test_what_can_be_asked_for_is_a_request():
    for name in set(protocol_names()) - {"aot-places"}:
        assert load_protocol(name).request(["telea"]).methods == ("telea",)


def test_one_table_has_masks_as_columns_and_intervals_of_what_was_run(make_run):
    for mask in ("half", "expand"):
        run = make_run("ddpm", mask, n=8, dataset="celeba-hq", parameters=FACES)
        make_run("telea", mask, n=8, dataset="celeba-hq")
    runs = load_runs([run.parent])
    ours = {r.mask: r for r in runs if r.spec["method"]["name"] == "ddpm"}
    lines = list(csv.reader(table.render("repaint-celebahq", runs, "csv").splitlines()))
    heads, rows = lines[0], {line[0]: line for line in lines[1:]}
    half = heads.index("half: lpips ↓")
    assert heads[half : half + 3] == ["half: lpips ↓", "half: lpips ↓ low", "half: lpips ↓ high"]
    assert rows["RePaint, published"][half] == "0.165"
    name = next(title for title in rows if title.startswith("RePaint (here ddpm"))
    assert float(rows[name][half]) == pytest.approx(ours["half"].scores["lpips"].mean())
    low, high = map(float, rows[name][half + 1 : half + 3])
    assert low < float(rows[name][half]) < high
    latex = table.render("repaint-celebahq", runs, "latex")
    assert r"\multicolumn{1}{c}{half} & \multicolumn{1}{c}{expand}" in latex
    assert r"{\scriptsize [0." in latex
    alone = table.render("repaint-celebahq", runs, "latex", bare=True)
    assert alone.startswith(r"\begin{tabular}")
    assert max(map(len, table.render("repaint-celebahq", runs, "text").splitlines())) <= 80
    with pytest.raises(RequestError, match="Unknown format 'pdf'"):
        table.render("repaint-celebahq", runs, "pdf")
