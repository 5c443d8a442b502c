"""The methods that the tests' pages offer, by their place: some behave, some do not."""

METHODS = (
    "telea:radius=4", "tests.bench.paint.plugins:Noise",
    *(f"tests.bench.paint.plugins:Faulty:fault={f}" for f in ("raise", "memory", "die", "hang")),
    "tests.bench.paint.plugins:Stepper",
)  # fmt: skip
TELEA, NOISE, RAISE, MEMORY, DIE, HANG, STEPPER = range(7)
