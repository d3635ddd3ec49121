#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""picture.py MARKS.TSV PICTURE.SVG - what a region's begin and end cost under each tracer

Draws the table that tests/bench/run leaves: name, title, nanoseconds a pair, bytes a mark. Bars from
zero, fastest first; readable on a light and on a dark page.
"""
import sys
from xml.sax.saxutils import escape

TITLES = {
    "batched": "ctrace-bpf, batched",
    "tsc": "ctrace-bpf, by the TSC",
    "direct": "ctrace-bpf, a trap a mark",
    "ctrace": "ctrace-bpf",
    "bpftrace": "bpftrace, counting",
    "perf": "perf record",
    "floor": "an empty BPF program",
}
RESTART = {"lttng", "uftrace", "go"}  # built for it, or started under it
OURS = {"batched", "tsc", "direct", "ctrace"}
WIDTH, LEFT, RIGHT, ROW, TOP = 860, 220, 200, 32, 88

STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1f2328 }
.page { fill: #ffffff }
.title { font-size: 16px; font-weight: 600 }
.dim, .axis { fill: #59636e }
.axis { font-size: 11px }
.value { font-weight: 600; font-variant-numeric: tabular-nums }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.ours { fill: #0969da }
.theirs { fill: #8c959f }
.floor { fill: none; stroke: #8c959f; stroke-width: 1.5; stroke-dasharray: 4 3 }
@media (prefers-color-scheme: dark) {
  .page { fill: #0d1117 }
  text { fill: #e6edf3 }
  .dim, .axis { fill: #9198a1 }
  .grid { stroke: #3d444d }
  .ours { fill: #4493f8 }
  .theirs { fill: #6e7681 }
  .floor { stroke: #9198a1 }
}
"""


def read(path):
    rows = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            name, title, ns, size = line.rstrip("\n").split("\t")
            if name != "none" and ns not in ("", "nan"):
                rows.append((name, title or TITLES[name], float(ns), size))
    return sorted(rows, key=lambda r: r[2])


def number(ns):
    return "{:,.0f} ns".format(ns) if ns < 9999.5 else "{:,.1f} µs".format(ns / 1000)


def draw(rows):
    most = max(r[2] for r in rows)
    step = next(m * 10 ** e for e in range(1, 9) for m in (1, 2, 5) if 6 * m * 10 ** e >= most)
    bottom = TOP + ROW * len(rows)

    def at(ns):
        return LEFT + (WIDTH - LEFT - RIGHT) * ns / most

    yield ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" '
           'aria-label="Nanoseconds that a traced region costs, by tracer">' %
           (WIDTH, bottom + 56, WIDTH, bottom + 56))
    yield "<style>%s</style>" % STYLE
    yield '<rect class="page" width="100%" height="100%" rx="6"/>'
    yield '<text class="title" x="16" y="28">What a region costs while it is traced</text>'
    yield ('<text class="dim" x="16" y="50">Begin and end together, the same loop under each tracer, '
           'in one run: shorter is faster.</text>')
    yield '<text class="axis" x="%d" y="%d" text-anchor="end">bytes a mark</text>' % (WIDTH - 24, TOP - 10)
    for tick in range(0, int(most) + 1, step):
        yield '<line class="grid" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>' % (at(tick), TOP - 2, at(tick), bottom)
        label = "{:,} ns".format(tick) if step < 1000 else "%d µs" % (tick // 1000)
        yield '<text class="axis" x="%.1f" y="%d" text-anchor="middle">%s</text>' % (at(tick), bottom + 16, label)
    for i, (name, title, ns, size) in enumerate(rows):
        y = TOP + ROW * i
        kind = "ours" if name in OURS else "floor" if name == "floor" else "theirs"
        star = " *" if name in RESTART else ""
        yield '<text x="%d" y="%d" text-anchor="end">%s%s</text>' % (LEFT - 12, y + 20, escape(title), star)
        yield ('<rect class="%s" x="%.1f" y="%d" width="%.1f" height="20" rx="3"/>' %
               (kind, LEFT, y + 5, max(2.0, at(ns) - LEFT)))
        yield '<text class="value" x="%.1f" y="%d">%s</text>' % (at(ns) + 8, y + 20, number(ns))
        yield ('<text class="dim" x="%d" y="%d" text-anchor="end">%s</text>' %
               (WIDTH - 24, y + 20, escape(size or "-")))
    yield ('<text class="axis" x="16" y="%d">* the program is built for that tracer, or started under it; '
           'the others attach to it while it runs.</text>' % (bottom + 42))
    yield "</svg>"


def main():
    rows = read(sys.argv[1])
    with open(sys.argv[2], "w", encoding="utf-8") as f:
        f.write("\n".join(draw(rows)) + "\n")


main()
