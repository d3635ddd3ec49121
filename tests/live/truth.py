#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""truth.py - compares a summary with what is known to be true

    truth.py account SUMMARY ACCOUNT [LABEL]    the workload's own account (workload.h)
    truth.py loose SUMMARY ACCOUNT [LABEL]      the same where time is unreliable (an emulator)
    truth.py blocked SUMMARY ACCOUNT [LABEL]    threads that were blocked all the time
    truth.py conserve SUMMARY [LABEL]           only what holds for every summary
    truth.py value SUMMARY PATH                 prints one value, as capture.lost.total

It prints TAP lines. Exit status: 0, 1 something is wrong, 75 only measurements are off, each of
which compares two clocks on a machine that others use too: the caller may try once more.
"""
import json
import sys

STATES = ("running runnable preempted throttled yield disk fault network poll lock ipc sleep "
          "child stopped other unknown").split()
# Ready, but without a CPU: what the kernel adds up in run_delay. (Whether a throttled thread
# counts there changed with Linux 6.18, so it is judged by cpu.stat instead.)
READY = ("runnable", "preempted", "yield")
US = 1000


class Tap:
    def __init__(self, label):
        self.label, self.wrong, self.off = label, 0, 0

    def say(self, good, name, why):
        print(("ok " if good else "not ok ") + self.label + name)
        if not good:
            print("# " + why)
        return good

    def exact(self, good, name, why=""):
        if not self.say(good, name, why):
            self.wrong += 1

    def near(self, low, value, high, name):
        if not self.say(low <= value <= high, name,
                        "%d is not within %d .. %d" % (value, low, high)):
            self.off += 1

    def status(self):
        return 1 if self.wrong else 75 if self.off else 0


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def load_account(path):
    """[(kind, {key: value})] with numbers as int."""
    lines = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            words = line.split()
            pairs = dict(w.split("=", 1) for w in words[1:] if "=" in w)
            lines.append((words[0] if words else "",
                          {k: int(v) if v.isdigit() else v for k, v in pairs.items()}))
    return lines


def of_kind(account, kind):
    return [v for k, v in account if k == kind]


def by_name(rows, name):
    """The row of that name; rows of several sites are added up."""
    found = [r for r in rows if r["name"] == name]
    if len(found) < 2:
        return found[0] if found else None
    one = dict(found[0])
    for key in ("count", "complete", "wall_ns", "self_ns"):
        one[key] = sum(r[key] for r in found)
    one["states_ns"] = {s: sum(r["states_ns"].get(s, 0) for r in found) for s in STATES}
    return one


def lost(summary):
    return summary["capture"]["lost"].get("total", 0)


def conserve(tap, summary):
    """What holds for every summary, of whatever."""
    def wrong_sums(rows, total, label):
        return ["%s: %d of %d" % (r.get(label), sum(r["states_ns"].values()), r[total])
                for r in rows if sum(r["states_ns"].values()) != r[total]]

    threads, regions = summary["threads"], summary["regions"]
    bad = wrong_sums(threads, "lifetime_ns", "tid")
    tap.exact(not bad, "each thread's states add up to its lifetime", "; ".join(bad[:5]))
    bad = wrong_sums([r for r in regions if not r.get("async")], "wall_ns", "name")
    tap.exact(not bad, "each region's states add up to its wall time", "; ".join(bad[:5]))
    bad = [r["name"] for r in summary["regions"] + summary["tasks"]
           if sum(b["count"] for b in r["histogram"]) != r["complete"] or r["complete"] > r["count"]]
    tap.exact(not bad, "each histogram holds every complete one", "; ".join(bad[:5]))
    bad = [s for r in threads + regions for s in r["states_ns"] if s not in STATES]
    tap.exact(not bad, "no state is unheard of", " ".join(bad[:5]))
    if not summary["threads_left_out"]:
        total = {s: sum(t["states_ns"][s] for t in threads) for s in STATES}
        tap.exact(total == summary["all_threads"]["states_ns"], "the threads add up to all threads",
                  str(summary["all_threads"]["states_ns"]))
    losses = {k: v for k, v in summary["capture"]["lost"].items() if k != "total"}
    tap.exact(sum(losses.values()) == lost(summary), "the losses add up", str(losses))
    span = summary["capture"]["duration_ns"]
    bad = [str(t["tid"]) for t in threads if t["lifetime_ns"] > span]
    tap.exact(not bad, "no thread lives longer than the trace", " ".join(bad[:5]))


def judge_count(tap, summary, want):
    name, row = want["name"], by_name(summary["regions"], want["name"])
    got = (row["count"], row["complete"]) if row else (0, 0)
    tap.exact(got == (want["count"], want["count"]), "region %s: each one is there, and complete" % name,
              "%d were made, %d seen, %d complete" % ((want["count"],) + got))
    return row if got[0] == want["count"] else None


def judge_wall(tap, row, want):
    """The marks stand between two readings of the same clock: no tolerance but the clock's own."""
    name, n, slack = want["name"], want["count"], 2 * US
    dur = row["duration_ns"]
    tap.exact(want["in_ns"] - n * slack <= row["wall_ns"] <= want["out_ns"] + n * slack,
              "region %s: its wall time lies between the stamps around its marks" % name,
              "%d is not within %d .. %d" % (row["wall_ns"], want["in_ns"], want["out_ns"]))
    tap.exact(want["min_in_ns"] - slack <= dur["min"] <= want["min_out_ns"] + slack and
              want["max_in_ns"] - slack <= dur["max"] <= want["max_out_ns"] + slack,
              "region %s: so do the shortest and the longest one" % name,
              "%d, %d; not %d, %d" % (dur["min"], dur["max"], want["min_in_ns"], want["max_in_ns"]))


def judge_states(tap, row, want, steal):
    """Where the time went, against the kernel's clocks and the workload's knowledge."""
    name, main, n = want["name"], want["state"], want["count"]
    # Steal time is in wall time but on no CPU clock, so it widens what can be said.
    tol = max(row["wall_ns"] // 100, n * 50 * US) + steal
    # The kernel's clocks are read around the marks. What it charged on the way there, up to all
    # of that way, is in its figures only, in one of them.
    edge = want["edge_ns"]
    st = {s: row["states_ns"].get(s, 0) for s in STATES}
    ready = sum(st[s] for s in READY)
    waited = row["wall_ns"] - want["cpu_ns"] - want["delay_ns"]
    tap.near(want["cpu_ns"] - edge - tol, st["running"], want["cpu_ns"] + tol,
             "region %s: running is the thread's CPU time" % name)
    if main == "throttled":
        tap.near(want["blocked_ns"] * 0.95, st[main], want["blocked_ns"] * 1.05,
                 "region %s: throttled is what cpu.stat says, within 5 %%" % name)
    else:
        tap.near(want["delay_ns"] - edge - tol, ready, want["delay_ns"] + tol,
                 "region %s: ready without a CPU is the kernel's run_delay" % name)
    if main != "throttled":
        both = want["cpu_ns"] + want["delay_ns"]
        tap.near(both - edge - tol, st["running"] + ready, both + tol,
                 "region %s: so is the sum of both" % name)
    if main in READY:
        tap.near(ready * 0.9, st[main], ready, "region %s: nearly all of that is %s" % (name, main))
    elif main not in ("running", "throttled"):
        tap.near(waited - tol, st[main], waited + edge + tol, "region %s: the rest is %s" % (name, main))
    if want["blocked_ns"] and main not in READY + ("throttled",):
        # A child's and a timer's end is only a floor: taking it apart, and waking, take time.
        high = row["wall_ns"] if main in ("child", "sleep") else want["blocked_ns"] + tol
        tap.near(want["blocked_ns"] - tol, st[main], high,
                 "region %s: it was blocked for as long as it knows" % name)
    others = {s: v for s, v in st.items()
              if v and s not in READY + (main, "running", "throttled")}
    if main == "runnable":
        others.pop("sleep", None)
    tap.near(0, sum(others.values()), tol, "region %s: it is in no other state" % name)


def judge_loose(tap, row, want):
    """Under emulation only proportions mean anything."""
    st, name, main = row["states_ns"], want["name"], want["state"]
    off = sum(v for s, v in st.items() if s != "running" and (main == "running" or s not in READY))
    if main == "running":
        good = st.get("running", 0) >= 0.8 * (row["wall_ns"] - sum(st.get(s, 0) for s in READY))
    elif main in READY:
        ready = sum(st.get(s, 0) for s in READY)
        good = ready > 0 and st.get(main, 0) >= 0.8 * ready
    else:
        good = off > 0 and st.get(main, 0) >= 0.8 * off
    tap.exact(good, "region %s: it is mostly %s" % (name, main), str({k: v for k, v in st.items() if v}))


def judge_task(tap, summary, want):
    name, row = want["name"], by_name(summary["tasks"], want["name"])
    got = (row["count"], row["complete"], row["failed"]) if row else (0, 0, 0)
    tap.exact(got == (want["count"], want["count"], want["failed"]),
              "task %s: each one is there, complete, and failed if it did" % name,
              "%d were made, %d of them failed; seen, complete, failed: %d, %d, %d"
              % ((want["count"], want["failed"]) + got))
    if row and "in_ns" in want:
        total, slack = row["wall_ns"], want["count"] * 2 * US
        tap.exact(want["in_ns"] - slack <= total <= want["out_ns"] + slack,
                  "task %s: its wall time lies between the stamps around its marks" % name,
                  "%d is not within %d .. %d" % (total, want["in_ns"], want["out_ns"]))


def judge_threads(tap, summary, path, pid, steal):
    """The kernel's clocks of each thread: as the trace took them, and as the test did."""
    nr = 0
    for t in summary["threads"]:
        k, st = t["kernel"], t["states_ns"]
        if not k or t["pid"] != pid or t["lifetime_ns"] < 100000 * US:
            continue
        nr += 1
        # The kernel stamps a switch when it has decided on it, and charges the way there to one
        # or the other: microseconds a switch.
        tol = t["lifetime_ns"] // 100 + sum(t["switches"].values()) * 25 * US + steal
        tap.near(k["cpu_ns"] - tol, st["running"], k["cpu_ns"] + tol,
                 "thread %d of %s: running is the kernel's CPU time" % (nr, t["comm"]))
        # run_delay starts when the thread is in its CPU's queue. To get there, a CPU that sleeps
        # is woken by an interrupt first: with a hypervisor in between, tens of microseconds more.
        way = sum(t["switches"].values()) * 25 * US
        if not st["throttled"]:
            tap.near(k["run_delay_ns"] - tol, sum(st[s] for s in READY), k["run_delay_ns"] + tol + way,
                     "thread %d of %s: ready is the kernel's run_delay" % (nr, t["comm"]))
    try:
        before, after = ({int(f[0]): [int(x) for x in f[1:3]] for f in map(str.split, open(path + e))}
                         for e in (".before", ".after"))
    except FileNotFoundError:
        return
    bad = []
    for t in summary["threads"]:
        if t["tid"] not in before or t["tid"] not in after:
            continue
        cpu = after[t["tid"]][0] - before[t["tid"]][0]
        if t["states_ns"]["running"] > cpu + t["lifetime_ns"] // 100 + 200 * US + steal:
            bad.append("%s: %d, but schedstat %d" % (t["comm"], t["states_ns"]["running"], cpu))
    if not tap.say(not bad, "no thread ran more than its schedstat says", "; ".join(bad)):
        tap.off += 1


def account(tap, summary, path, loose=False):
    lines = load_account(path)
    steal = sum(v["steal_ns"] for v in of_kind(lines, "process"))
    conserve(tap, summary)
    odd = {k: summary["capture"][k] for k in ("late", "unknown_kinds", "bad_records")}
    # On some hosts the kernel hides switches from a thread of the machine's own agent; the trace
    # counts what it missed so, and the next try may be without.
    gone = {k: v for k, v in summary["capture"]["lost"].items()
            if k != "total" and "switch_missed" not in k}
    tap.exact(not gone, "nothing is lost", str(gone))
    # An emulated CPU is so slow that the first look at a thread often finds it just leaving.
    tap.near(0, lost(summary), 2 if loose else 0, "no switch is missed")
    tap.exact(not any(odd.values()), "no record is late or bad", str(odd))
    if not of_kind(lines, "children"):
        tap.exact(not summary["misuse"], "no mark is out of place", str(summary["misuse"]))
    for want in of_kind(lines, "region"):
        row = judge_count(tap, summary, want)
        if row and loose:
            judge_loose(tap, row, want)
        elif row:
            judge_wall(tap, row, want)
            judge_states(tap, row, want, steal)
    for want in of_kind(lines, "count"):
        judge_count(tap, summary, want)
    for want in of_kind(lines, "task"):
        judge_task(tap, summary, want)
    if not loose:
        judge_threads(tap, summary, path, of_kind(lines, "ready")[0]["pid"], steal)


def blocked(tap, summary, path):
    conserve(tap, summary)
    threads = {t["tid"]: t for t in summary["threads"]}
    span = summary["capture"]["duration_ns"]
    for want in of_kind(load_account(path), "thread"):
        t = threads.get(want["tid"])
        if not t:
            tap.exact(False, "blocked in %s: the thread is there" % want["state"], "it is not")
            continue
        tap.exact(t["lifetime_ns"] == span, "blocked in %s: it lives as long as the trace"
                  % want["state"], "%d of %d" % (t["lifetime_ns"], span))
        st = {s: v for s, v in t["states_ns"].items() if v}
        tap.exact(st.get(want["state"], 0) >= 0.99 * span,
                  "blocked in %s: that is where its time is" % want["state"], str(st))


def value(summary, path):
    for key in path.split("."):
        summary = summary[int(key)] if key.isdigit() else summary[key]
    print(summary)
    return 0


def main(argv):
    if len(argv) < 3 or argv[1] not in ("account", "loose", "blocked", "conserve", "value"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        check, summary = argv[1], load(argv[2])
    except (OSError, ValueError) as e:
        print("not ok %s is a summary\n# %s" % (argv[2], e))
        return 1
    if check == "value":
        return value(summary, argv[3])
    rest = argv[3:] if check == "conserve" else argv[4:]
    tap = Tap(rest[0] if rest else "")
    if check == "conserve":
        conserve(tap, summary)
    elif check == "blocked":
        blocked(tap, summary, argv[3])
    else:
        account(tap, summary, argv[3], check == "loose")
    return tap.status()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
