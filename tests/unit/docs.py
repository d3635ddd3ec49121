#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs.py facts            - compares README, docs/ and man/ctrace-bpf.8 with the program (TAP)
docs.py examples WHO DIR - runs their examples in DIR (TAP); WHO: user, or root

An example is what follows a prompt, "$ " or "# ", in a block: of ```console in a README, of .EX in
the manual. WHO = user leaves out those that need root. For root, the tables and stories that a
README shows below a command must be among what the command prints: their columns and names, not
their figures.
"""
import glob
import os
import re
import shlex
import subprocess
import sys

CTRACE = os.environ.get("CTRACE", "build/ctrace-bpf")
PAGE = "man/ctrace-bpf.8"
README = "README.md"
PROSE = [README] + sorted(glob.glob("docs/*.md"))
# The subcommands: what their options are called in the manual, and where their tables are.
COMMANDS = {
    "record": ("OPTIONS", "user/cli/record_opts.c"),
    "report": ("REPORT", "user/cli/report.c"),
    "export": ("EXPORT", "user/cli/export.c"),
    "list": ("LIST", "user/cli/list.c"),
    "doctor": ("DOCTOR", "user/cli/doctor.c"),
}
# They would run this test, or change the machine.
NOT_RUN = ("sudo make check", "sudo make install")
failed = False


def result(name, wrong):
    """wrong: sentences, one a line; none: it is right."""
    global failed
    wrong = list(wrong)
    print("%s %s" % ("not ok" if wrong else "ok", name))
    for w in wrong:
        print("# " + w.replace("\n", "\n# "))
    failed |= bool(wrong)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def read_all(pattern):
    return "".join(read(p) for p in sorted(glob.glob(pattern, recursive=True)))


def differences(what, a, b):
    """what: (name of a, name of b)."""
    for x in sorted(set(a) - set(b)):
        yield "%s has %s, %s has not" % (what[0], x, what[1])
    for x in sorted(set(b) - set(a)):
        yield "%s has %s, %s has not" % (what[1], x, what[0])


# --- the manual -----------------------------------------------------------------------------


def plain(s):
    for escape, char in (("\\-", "-"), ("\\e", "\\"), ("\\(lq", '"'), ("\\(rq", '"'), ("\\&", "")):
        s = s.replace(escape, char)
    return re.sub(r"\\f[BIRP]|\\f\(CW", "", s)


def macro_text(line):
    """The words of a line such as .BR -p ", " --pid " LIST", as they are printed."""
    name, _, rest = plain(line).partition(" ")
    words = shlex.split(rest)
    return ("" if len(name) == 3 else " ").join(words)


def sections(page):
    parts = re.split(r"^\.SH +(.*)\n", page, flags=re.M)
    return {name.strip('"'): text for name, text in zip(parts[1::2], parts[2::2])}


def headings(text):
    """What stands at the left of a section's paragraphs."""
    lines = text.splitlines()
    for i, line in enumerate(lines[:-1]):
        if line.startswith((".TP", ".TQ")):
            yield macro_text(lines[i + 1])


def words_of(text):
    """A section as running text."""
    lines = [macro_text(l) if re.match(r"\.[BIR]{1,2} ", l) else plain(l)
             for l in text.splitlines() if not re.match(r"\.(\\\"|[A-Z]{2}\b)", l)
             or re.match(r"\.[BIR]{2} ", l)]
    return re.sub(r"\s+", " ", " ".join(lines))


# --- options --------------------------------------------------------------------------------

# "-f, --format text|json  what …": short, long, value.
OPTION = re.compile(r"(?:-(\w), )?--([a-z][a-z-]+)(?: (\S+))?")


def options_in(text):
    return {long: (short, value) for short, long, value in OPTION.findall(text)}


def options_of_table(path):
    rows = re.findall(r'\{"([a-z-]+)", (no|required)_argument, NULL, (?:\'(\w)\'|\w+)\}', read(path))
    return {long: (short, takes == "required") for long, takes, short in rows}


def help_of(command):
    return subprocess.run([CTRACE, command, "-h"], capture_output=True, text=True, check=True).stdout


def options_agree(command, page):
    section, source = COMMANDS[command]
    table, said = options_of_table(source), options_in(help_of(command))
    manual = {}
    for h in headings(page[section]):
        manual.update(options_in(h))
    said.setdefault("help", ("h", ""))  # a help need not name itself
    yield from differences(("the table", "-h"), table, said)
    yield from differences(("the table", "the manual"), table, manual)
    for long, (short, takes) in table.items():
        for where, other in (("-h", said), ("the manual", manual)):
            if long in other and other[long][0] != short:
                yield "--%s is -%s in %s, not -%s" % (long, other[long][0], where, short)
            if long in other and bool(other[long][1]) != takes:
                yield "--%s %s a value in %s" % (long, "has no" if takes else "has", where)
        if long in said and long in manual and said[long][1] != manual[long][1]:
            yield "--%s takes %s in -h, %s in the manual" % (long, said[long][1], manual[long][1])
    if not table:
        yield "no options were found in " + source


def unknown_options(path, known):
    for option in re.findall(r"(?<![\w-])--([a-z][a-z-]+)", read(path)):
        if option not in known:
            yield "%s speaks of --%s, which is no option" % (path, option)


# --- names and figures ----------------------------------------------------------------------

# Figures that the manual repeats: where they stand, and how it says them.
FIGURES = [
    ("user/export/*.c", r"#define THREADS_MAX (\d+)", "more than %s"),
    ("user/attach/processes.c", r"#define PROCESSES_MAX (\d+)", "At most %s processes"),
    ("bpf/maps.bpf.h", r"#define THREADS_MAX (\d+)", "%s threads are traced"),
    ("bpf/maps.bpf.h", r"#define STRINGS_MAX (\d+)", "more than %s different names"),
    ("user/model/explain.h", r"EXPLAIN_ROWS = (\d+)", "%s names of tasks"),
    ("user/model/past.h", r"PAST_OFF_MAX = (\d+)", "the last %s switches"),
    ("user/model/blame.h", r"BLAME_DEPTH = (\d+)", "through %s threads"),
    ("user/model/blame.h", r"BLAME_PIECES = (\d+)", "%s pieces of a wait"),
    ("user/model/waits.h", r"WAITS_MAX = (\d+)", "%s names of tasks, as many of regions and of waits"),
    ("user/cli/record_opts.c", r'"--slowest", arg, 1, (\d+)', "1 to %s"),
    ("user/attach/rings.c", r"return cpus < (\d+)", "%s at most"),
    ("user/attach/rings.c", r"sz \* rings > \((\d+)u << 20\)", "all together are %sM"),
]


def figures_agree(manual):
    for path, where, said in FIGURES:
        found = re.search(where, read_all(path))
        if not found:
            yield "%s: nothing like %s" % (path, where)
        elif said % found[1] not in manual:
            yield "%s: the manual does not say: %s" % (path, said % found[1])


def states_agree(page):
    table = re.search(r"#define STATES\(X\).*?\n\n", read("user/model/span.h"), flags=re.S)[0]
    states = re.findall(r"^\tX\([A-Z]+, (\w+)\)", table, flags=re.M)
    told = [h.split()[0] for h in headings(page["STATES"])]
    if states != told:
        yield "states: %s" % " ".join(states)
        yield "manual: %s" % " ".join(told)


def losses_agree(page):
    losses = set(re.findall(r'X\(\d+, \w+, "(\w+)"', read("include/ctrace/wire.h")))
    told = {h.replace("_kind", "") for h in headings(page["LOSSES"])}
    return differences(("wire.h", "the manual"), losses, told)


def titles_of_columns():
    return set(re.findall(r'\.title = "([^"]+)"', read_all("user/export/*.c")))


def columns_agree(page):
    titles = titles_of_columns()
    section = page["THE REPORT"]
    told = {t for h in headings(section) for t in h.split(", ")}
    told |= set(re.findall(r"^\.SS (.*)", section, flags=re.M))
    return ("the report has a column %s, which the manual does not explain" % t
            for t in sorted(titles - told))


def environment_agrees(page):
    names = set(re.findall(r'getenv\("(\w+)"\)', read_all("user/**/*.c")))
    names |= set(re.findall(r'"(OTEL_\w+)"', read_all("user/net/*.c")))
    told = set(re.findall(r"\w+", words_of(page["ENVIRONMENT"])))
    headed = {n for h in headings(page["ENVIRONMENT"]) for n in h.split(", ")}
    for n in sorted(names - told):
        yield "the program reads %s, of which the manual says nothing" % n
    for n in sorted(headed - names):
        yield "the manual speaks of %s, which the program does not read" % n


def subcommands_agree(page):
    names = set(re.findall(r'\{"(\w+)", cmd_', read("user/main.c")))
    yield from differences(("main.c", "this test"), names, COMMANDS)
    usage = help_of("record")
    for n in sorted(names - {"record"}):
        if not re.search(r"\b%s\b" % n, usage.split("\n\n")[0]):
            yield "-h does not name %s" % n
        if ".B ctrace\\-bpf " + n not in page["SYNOPSIS"]:
            yield "the manual's synopsis does not name %s" % n


def page_is_well_formed():
    try:
        groff = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8", "-Kutf8", PAGE],
                               capture_output=True, text=True)
    except FileNotFoundError:
        print("ok manual_is_well_formed # SKIP no groff")
        return
    result("manual_is_well_formed", groff.stderr.splitlines())


# --- prose ----------------------------------------------------------------------------------


def exists(path):
    """A path as prose has it: with * and {a,b}, or a folder."""
    alternatives = re.match(r"(.*)\{(.*)\}(.*)", path)
    if alternatives:
        return all(exists(alternatives[1] + a + alternatives[3])
                   for a in alternatives[2].split(","))
    return bool(glob.glob(path))


def sources():
    return subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True,
                          text=True).stdout.split() or glob.glob("**/*", recursive=True)


def prose_is_true(path):
    text = read(path)
    base = os.path.dirname(path)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", prose):
        if "://" not in link and not exists(os.path.join(base, link)):
            yield "%s links to %s, which is not there" % (path, link)
    quoted = re.findall(r"`([^`\n]+)`", prose)
    for q in quoted:
        # A path of ours, and not a folder of what is built.
        if re.fullmatch(r"(bpf|user|include|tests|man|docs|vmlinux)/[\w./*{},-]*", q) and not exists(q):
            yield "%s speaks of %s, which is not there" % (path, q)
    code = "".join(read(p) for p in sources()
                   if re.match(r"(bpf|user|include|tests)/.*\.(c|h|sh|py|bash)$", p))
    for q in quoted:
        name = re.fullmatch(r"([a-z]\w+)\(\)", q)
        if name and not re.search(r"\b%s\b" % name[1], code):
            yield "%s speaks of %s, which is not in the code" % (path, q)
        constant = re.fullmatch(r"[A-Z][A-Z0-9]+_[A-Z0-9_]+", q)
        if constant and not re.search(r"\b%s" % q, code):
            yield "%s speaks of %s, which is not in the code" % (path, q)
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), flags=re.M))
    for target in re.findall(r"^(?:\$ )?(?:sudo )?make ([a-z][a-z-]*)",
                             "\n".join(quoted + [fenced(text)]), flags=re.M):
        if target not in targets:
            yield "%s speaks of make %s, which is no target" % (path, target)


def fenced(text):
    return "\n".join(re.findall(r"^```console\n(.*?)^```", text, flags=re.M | re.S))


def every_place_is_told():
    """Each folder, and each file at the top that is no dot file."""
    text = read(README)
    for top in sorted({p.split("/")[0] for p in sources() if "/" in p and p[0] != "."}):
        if "`%s/" % top not in text and "`%s`" % top not in text:
            yield "README.md does not say what is in %s/" % top


def programs(path):
    """C programs in a README: their first line names their file."""
    for block in re.findall(r"^```c\n(.*?)^```", read(path), flags=re.M | re.S):
        name = re.match(r"/\* (\w+\.c)", block)
        if name:
            yield name[1], block


# --- examples -------------------------------------------------------------------------------


def is_whole(command):
    """False inside of a quotation."""
    try:
        shlex.split(command)
        return True
    except ValueError:
        return False


def commands_in(block):
    """(prompt, command, lines of output)"""
    found = []
    for line in block.splitlines():
        if found and not is_whole(found[-1][1]):
            found[-1][1] += "\n" + line
        elif line[:2] in ("$ ", "# "):
            found.append([line[0], line[2:], []])
        elif found:
            found[-1][2].append(line)
    return found


def examples_of_readme():
    for block in re.findall(r"^```console\n(.*?)^```", read(README), flags=re.M | re.S):
        yield from commands_in(block)


def examples_of_page():
    for block in re.findall(r"^\.EX\n(.*?)^\.EE", sections(read(PAGE))["EXAMPLES"],
                            flags=re.M | re.S):
        yield from commands_in(re.sub(r"^    ", "", plain(block), flags=re.M))


TABLE = re.compile(r"(TASKS|REGIONS|THREADS|WAITS)  +\S")
STORY = re.compile(r"(\S.*?) (?:took|failed after) [\d.]+ (?:ns|µs|ms|s|min)\b")
def cells(line):
    return re.split(r"\s{2,}", line.strip())


def shape(lines):
    """What a report shows, but its figures: columns, beginnings of the rows' names, stories."""
    columns, names, stories, table, before = set(), set(), set(), None, ""
    for line in lines:
        head, story = TABLE.match(line), STORY.match(line)
        if head:
            table = head[1]
            columns |= set(cells(line)[1:])
        elif not line.strip() or not line[0].isalnum():
            table = None if not line.strip() else table
        elif story and before.strip() in ("", "…"):
            stories.add(story[1])
        elif table and len(cells(line)) > 1:
            names.add((table, cells(line)[0].split("…")[0][:6]))
        before = line
    return columns, names, stories


def not_shown(told, printed):
    told, printed = shape(told), shape(printed)
    # For lack of width or of anything to put there, the report may leave out some that it has.
    for c in sorted(told[0] - printed[0] - titles_of_columns()):
        yield "no column " + c
    for n in sorted(told[1] - printed[1]):
        yield "no row of %s in %s" % n[::-1]
    for s in sorted(told[2] - printed[2]):
        yield "no story of %s" % s


def run(who, where, document, examples):
    env = dict(os.environ, COLUMNS="100", PATH=where + "/bin:" + os.environ["PATH"])
    env.pop("NO_COLOR", None)
    ran = set()
    for prompt, command, told in examples:
        needs_root = prompt == "#" or command.startswith("sudo ")
        if command in NOT_RUN or command in ran or (needs_root and who != "root"):
            continue
        ran.add(command)
        done = subprocess.run(["bash", "-c", command.replace("4711", os.environ.get("PID", "0"))],
                              cwd=where, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace", timeout=180)
        wrong = []
        if done.returncode and not (done.returncode == 3 and "--strict" in command):
            wrong += ["exit status %d" % done.returncode, done.stderr[-2000:]]
        elif who == "root":
            wrong += not_shown(told, done.stdout.splitlines())
            if wrong:
                wrong.append(done.stdout[-6000:])
        result("%s: %s" % (document, command.splitlines()[0]), wrong)
    if not ran:
        result("%s: it has examples" % document, ["none was found"])


def facts():
    page = sections(read(PAGE))
    manual = " ".join(words_of(t) for t in page.values())
    known = set()
    page_is_well_formed()
    for command, (_, source) in COMMANDS.items():
        result("options_of_%s_are_told_alike_by_its_table_its_help_and_the_manual" % command,
               options_agree(command, page))
        known |= set(options_of_table(source))
    result("manual_names_the_subcommands", subcommands_agree(page))
    result("manual_explains_every_state_in_order", states_agree(page))
    result("manual_explains_every_loss", losses_agree(page))
    result("manual_explains_every_column", columns_agree(page))
    result("manual_explains_the_environment", environment_agrees(page))
    result("figures_of_the_manual_are_those_of_the_code", figures_agree(manual))
    result("readme_says_where_things_are", every_place_is_told())
    for path in PROSE:
        result("what_%s_names_is_there" % path, prose_is_true(path))
    foreign = known | {"pid", "privileged", "profile", "add"}  # of other programs' commands
    result("options_in_prose_are_options", (w for p in PROSE for w in unknown_options(p, foreign)))


def main():
    if sys.argv[1:] == ["facts"]:
        facts()
    elif sys.argv[1] == "examples":
        who, where = sys.argv[2], sys.argv[3]
        for name, text in programs(README):
            with open(os.path.join(where, name), "w", encoding="utf-8") as f:
                f.write(text)
        run(who, where, README, examples_of_readme())
        run(who, where, PAGE, examples_of_page())
    return failed


sys.exit(main())
