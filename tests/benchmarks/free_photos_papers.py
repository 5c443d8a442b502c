"""Write the attribution (ATTRIBUTION.md) and the Croissant metadata of free-photos.

Made from photographs.csv by `python -m tests.benchmarks.free_photos`.  Croissant is MLCommons'
format (version 1.0); `mlcroissant validate --jsonld croissant.json` is its public checker.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

from bench.datasets.free_photos import FOLDER, SIDE, TABLE

Row = dict[str, str]

COMMONS = "https://creativecommons.org/"
LICENCES = {
    "public-domain": ("public domain", COMMONS + "publicdomain/mark/1.0/"),
    "CC0-1.0": ("CC0 1.0", COMMONS + "publicdomain/zero/1.0/"),
    "CC-BY-2.0": ("CC BY 2.0", COMMONS + "licenses/by/2.0/"),
    "CC-BY-3.0": ("CC BY 3.0", COMMONS + "licenses/by/3.0/"),
    "CC-BY-4.0": ("CC BY 4.0", COMMONS + "licenses/by/4.0/"),
    "CC-BY-SA-3.0": ("CC BY-SA 3.0", COMMONS + "licenses/by-sa/3.0/"),
    "CC-BY-SA-4.0": ("CC BY-SA 4.0", COMMONS + "licenses/by-sa/4.0/"),
}
PACKAGES = {
    "gcompris-qt-data 3.1-2": ("GCompris", "https://gcompris.net"),
    "lomiri-wallpapers-16.04 20.04.0-2": (
        "Lomiri wallpapers",
        "https://gitlab.com/ubports/development/core/lomiri-wallpapers",
    ),
}
PACKAGES["lomiri-wallpapers-20.04 20.04.0-2"] = PACKAGES["lomiri-wallpapers-16.04 20.04.0-2"]
COLUMNS = {
    "id": "name of the image: its file is <id>.jpg",
    "author": "author, as the package names him or her",
    "licence": "SPDX name of the licence, or public-domain",
    "source": "page that the package names as the photograph's source",
    "changed": "what the package says it changed beside the size",
    "package": "Debian package and version that the photograph was taken from",
    "file": "the file inside the package (of GCompris: inside its resource bundle)",
    "sha256": "of that file",
    "width": "of that file, pixels",
    "height": "of that file, pixels",
    "left": "left edge of the square, pixels of that file",
    "top": "top edge of the square, pixels of that file",
    "side": "side of the square, pixels of that file",
    "pixels_sha256": f"of the stored image decoded to 8-bit RGB, {SIDE}x{SIDE}x3 bytes",
}
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{
        name: f"cr:{name}"
        for name in (
            *("citeAs", "column", "extract", "field", "fileObject", "fileProperty", "fileSet"),
            *("format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField"),
            *("path", "recordSet", "references", "regex", "repeated", "replace", "separator"),
            *("source", "subField", "transform", "equivalentProperty", "samplingRate"),
        )
    },
    "conformsTo": "dct:conformsTo",
}
HEAD = """# Attribution

The {count} images of dataset `free-photos` are squares cut from photographs by the people below,
who allow copying, changing and passing on. Whoever passes an image on names its author and
licence (this file beside it is enough) and says that it was changed.

**Changed here**, every image: a square of the photograph's whole short side was cut out and
shrunk to {side}x{side} (Lanczos), then stored as JPEG. Left, top and side of the square, in
pixels of the file that it was cut from, stand in the table; `photographs.csv` has the file and
its sha256 as well. **Changed before**: GCompris reduced its photographs and stored them as WebP;
what else it says it did stands in the table.

**Share-alike** ({share} images, marked *): the crop here, and anything made of it that is passed
on, such as a picture of a completed crop, stays under the same licence.

The files come from the Debian packages {packages}. Author, licence and source are those that the
same version of the package states, in the README beside the files or in debian/copyright.

| image | author | licence | source | changed before | left, top, side |
|---|---|---|---|---|---|
"""


def write(rows: list[Row], content: str) -> None:
    """Write ATTRIBUTION.md and croissant.json of these rows of photographs.csv."""
    (FOLDER / "ATTRIBUTION.md").write_text(attribution(rows), "utf-8")
    text = json.dumps(croissant(rows, content), indent=1, ensure_ascii=False) + "\n"
    (FOLDER / "croissant.json").write_text(text, "utf-8")


def attribution(rows: list[Row]) -> str:
    """Return ATTRIBUTION.md."""
    share = sum("-SA-" in row["licence"] for row in rows)
    packages = ", ".join(sorted({row["package"] for row in rows}))
    head = HEAD.format(count=len(rows), side=SIDE, share=share, packages=packages)
    counts = Counter(row["licence"] for row in rows)
    tail = "\n| licence | images |\n|---|---|\n" + "".join(
        f"| [{text}]({url}) | {counts[key]} |\n" for key, (text, url) in LICENCES.items()
    )
    return head + "".join(map(_line, rows)) + tail


def _line(row: Row) -> str:
    """Return a photograph's line of the table."""
    licence, url = LICENCES[row["licence"]]
    star = "*" if "-SA-" in row["licence"] else ""
    project, home = PACKAGES[row["package"]]
    text = row["source"].removeprefix("https://").partition("/")[0].removeprefix("www.")
    source = f"[{text}]({row['source']})" if row["source"] else f"[{project}]({home})"
    square = f"{row['left']}, {row['top']}, {row['side']}"
    cells = (row["id"] + star, row["author"], f"[{licence}]({url})", source, row["changed"], square)
    return f"| {' | '.join(cells)} |\n"


def croissant(rows: list[Row], content: str) -> dict[str, Any]:
    """Return the Croissant metadata: the table, and every image as a file."""
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "free-photos",
        "description": (
            f"{len(rows)} photographs of animals, buildings, landscapes and things that anyone may "
            f"copy, show and print, one {SIDE}x{SIDE} square of each: a test set for image "
            "inpainting. Not for training."
        ),
        "version": "1.0.0",
        "datePublished": "2026-11-24",
        "license": [LICENCES[key][1] for key in LICENCES],
        "creator": {"@type": "sc:Organization", "name": "inpaint-bench"},
        "citeAs": f"free-photos, content sha256 {content}, as shipped with inpaint-bench",
        "keywords": ["image inpainting", "benchmark", "photographs", "public domain"],
        "distribution": [_table_file(), *map(_image_file, rows)],
        "recordSet": [_records(list(rows[0]))],
    }


def _table_file() -> dict[str, Any]:
    return _file("photographs.csv", "text/csv", TABLE.read_bytes())


def _image_file(row: Row) -> dict[str, Any]:
    name = f"{row['id']}.jpg"
    entry = _file(name, "image/jpeg", (FOLDER / name).read_bytes())
    return {**entry, "license": LICENCES[row["licence"]][1]}


def _file(name: str, kind: str, data: bytes) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{len(data)} B",
        "encodingFormat": kind,
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def _records(columns: list[str]) -> dict[str, Any]:
    """Return the record set of the table, a field a column; keyed by the id."""
    whole = {"width", "height", "left", "top", "side"}
    return {
        "@type": "cr:RecordSet",
        "@id": "photographs",
        "name": "photographs",
        "description": "Whose photograph each image is, and the square that was cut from it.",
        "key": {"@id": "photographs/id"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"photographs/{column}",
                "name": f"photographs/{column}",
                "description": COLUMNS[column],
                "dataType": "sc:Integer" if column in whole else "sc:Text",
                "source": {
                    "fileObject": {"@id": "photographs.csv"},
                    "extract": {"column": column},
                },
            }
            for column in columns
        ],
    }
