#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""jsonl_schema.py FOLDER - the lines of .jsonl against their schema (TAP)

The schema lets keys be added. Here it is closed first: a key that it does not have is an error, so
that it has all of them; and each key and state that it has must come in one of the captures.
"""
import json
import os
import subprocess
import sys

import jsonschema

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import export_events as base  # noqa: E402

SCHEMA = "docs/ctrace-bpf.jsonl.schema.json"


def closed(schema):
    """The same, without room for keys that it does not have."""
    if isinstance(schema, list):
        return [closed(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    out = {k: closed(v) for k, v in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        out["additionalProperties"] = False
    return out


def keys_of(schema):
    """Every key of its objects."""
    if isinstance(schema, list):
        return set().union(*map(keys_of, schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    mine = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return mine.union(*map(keys_of, schema.values()))


def keys_in(value):
    if isinstance(value, list):
        return set().union(*map(keys_in, value)) if value else set()
    return set(value).union(*map(keys_in, value.values())) if isinstance(value, dict) else set()


def lines(paths, window=()):
    run = subprocess.run([base.CTRACE, "export", *paths, "-o", "-", "--as", "jsonl", *window],
                         capture_output=True, check=True)
    return [json.loads(line, object_pairs_hook=base.unique) for line in run.stdout.decode().split("\n")[:-1]]


def wrong(validator, found):
    """By the definition that its type stands for: errors of a oneOf say little."""
    for line in found:
        for e in validator.iter_errors(line):
            best = jsonschema.exceptions.best_match(e.context, key=lambda c: -len(c.path)) or e
            yield "%s: %s" % (json.dumps(line)[:150], best.message[:200])


def refused(validator, line):
    return any(validator.iter_errors(line))


def main(folder):
    with open(SCHEMA, encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(closed(schema))
    base.make(folder)
    sets = {k: [k] for k in ("demo", "plain", "lossy", "hostile", "parties")}
    sets.update({"random-%d" % i: ["random-%d" % i] for i in range(3)}, several=["demo", "random-1", "plain"])
    seen, one = set(), {}
    for name, kinds in sets.items():
        found = lines(["%s/%s.ctrace" % (folder, k) for k in kinds])
        base.result("jsonl_of_%s_is_as_the_schema_says" % name, wrong(validator, found))
        for line in found:
            seen |= keys_in(line)
            one.setdefault((line["type"], line.get("state") == "running"), line)
    found = lines([folder + "/demo.ctrace"], ("--from", "200ms", "--to", "700ms"))
    base.result("jsonl_of_a_window_is_as_the_schema_says", wrong(validator, found))
    states = set(schema["$defs"]["states_ns"]["properties"])
    base.result("every_key_of_the_schema_comes", base.same("missing", sorted(keys_of(schema) - seen - states), []))
    base.result("its_states_are_those_of_the_summary", base.same("states", list(
        schema["$defs"]["states_ns"]["properties"]), list(json.loads(subprocess.run(
            [base.CTRACE, "report", folder + "/demo.ctrace", "-f", "json"], check=True,
            capture_output=True).stdout)["all_threads"]["states_ns"])))
    # That the validator sees anything at all: each kind of line, changed.
    tame = jsonschema.Draft202012Validator(schema)
    left = [(kind, k) for (kind, _), line in one.items() for k in line
            if k != "captures" and not refused(tame, {x: v for x, v in line.items() if x != k})]
    base.result("a_line_without_one_of_its_keys_is_refused", base.same("taken", left, []))
    typed = [(kind, k) for (kind, _), line in one.items() for k in line
             if not refused(tame, dict(line, **{k: [7]}))]
    base.result("a_value_of_another_type_is_refused", base.same("taken", [t for t in typed if t[1] != "culprits"], []))
    more = [kind for (kind, _), line in one.items() if refused(tame, dict(line, key_to_come=1)) or
            not refused(validator, dict(line, key_to_come=1))]
    base.result("a_key_to_come_is_skipped", base.same("refused", more, []))
    sys.exit(base.failed)


if __name__ == "__main__":
    main(sys.argv[1])
