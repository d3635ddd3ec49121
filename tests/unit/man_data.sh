#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Compares man/ctrace-bpf.data.5 with wire.h and format.h: a program is made of the page's tables,
# which the compiler and the headers then judge.
set -u
page=man/ctrace-bpf.data.5
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

cat >"$tmp/make.py" <<'END'
import re, sys

page = open(sys.argv[1]).read().replace("\\-", "-").replace("\\e", "\\")
headers = "".join(open(h).read() for h in sys.argv[2:])
types = {"u8": "__u8", "u16": "__u16", "u32": "__u32", "u64": "__u64", "s16": "__s16",
         "s32": "__s32", "s64": "__s64", "wire_hdr": "struct wire_hdr",
         "wire_used": "struct wire_used"}
out = ["#include <stddef.h>", "#include <stdio.h>", "#include <string.h>",
       '#include "ctrace/format.h"', '#include "ctrace/wire.h"',
       "static int failed;",
       "static void result(int ok, const char *name)",
       '{ printf("%s %s\\n", ok ? "ok" : "not ok", name); failed |= !ok; }',
       "static const char *page;",
       "static void has(const char *line, int *ok)",
       '{ if (!strstr(page, line)) { printf("# not in the page: %s\\n", line); *ok = 0; } }',
       "#define IS(c) do { if (!(c)) { printf(\"# not so: %s\\n\", #c); ok = 0; } } while (0)",
       "int main(int argc, char **argv)", "{", "int ok; char line[512]; page = argv[1];"]

def test(name, checks):
    out.extend(["ok = 1;"] + checks + ['result(ok, "%s");' % name])

# Each table of fields: contiguous, each field where and what the page says, nothing left out.
sections = re.split(r'^\.S[SH] ', page, flags=re.M)
structs = {}
for s in sections:
    m = re.match(r'"struct (\w+), (\d+) bytes', s)
    if not m:
        continue
    name, size, end, checks = m[1], int(m[2]), 0, []
    for off, sz, type, field in re.findall(r'^ +(\d+) +(\d+)  (\w+) +(\w+)', s, flags=re.M):
        if int(off) != end:
            sys.exit("%s.%s does not follow the field before it" % (name, field))
        end += int(sz)
        member = "((struct %s *)0)->%s" % (name, field)
        checks.append("IS(offsetof(struct %s, %s) == %s);" % (name, field, off))
        checks.append("IS(sizeof(%s) == %s);" % (member, sz))
        checks.append("IS(__builtin_types_compatible_p(__typeof__(%s), %s));" %
                      ((member + "[0]", "char") if type == "char" else (member, types[type])))
    checks += ["IS(sizeof(struct %s) == %d);" % (name, size), "IS(%d == %d);" % (end, size)]
    structs[name] = size
    test("every_byte_of_%s_is_in_the_page" % name, checks)
declared = re.findall(r'^struct (\w+) \{', headers, flags=re.M)
test("every_struct_is_in_the_page", ["IS(%d); /* %s */" % (d in structs, d) for d in declared])

# Each named number.
numbers = dict(re.findall(r'^ +((?:WIRE|FORMAT)_\w+) +(\d+)', page, flags=re.M))
test("named_numbers_are_those_of_the_headers",
     ["IS(%s == %s);" % n for n in numbers.items()])
code = re.sub(r'/\*.*?\*/', '', headers, flags=re.S)
test("every_named_number_is_in_the_page",
     ['IS(%d); /* %s */' % (n in numbers or n == "WIRE_MARK_OP", n)
      for n in re.findall(r'\b((?:WIRE|FORMAT)_\w+) = \d', code)])

# The tables that are X macros, and limits that stand in a sentence.
test("every_kind_is_in_the_page",
     ["#define K(nr, NAME, type, text) snprintf(line, sizeof(line), \"%6d   %2zu  %-8s %s\\n\", "
      "nr, sizeof(struct type), #NAME, text); has(line, &ok);", "WIRE_KINDS(K)"])
test("every_reason_of_loss_is_in_the_page",
     ["#define L(nr, NAME, name, text) snprintf(line, sizeof(line), \"    %-13s  %s\\n\", name, "
      "text); has(line, &ok);", "WIRE_LOSSES(L)"])
said = [("1 to %u", "FORMAT_STREAMS_MAX"), ("is more than %u.", "FORMAT_CHUNK_MAX"),
        ("magic          0x%x,", "FORMAT_CHUNK_MAGIC"), ("major          %u", "FORMAT_MAJOR"),
        ("minor          %u", "FORMAT_MINOR"), ("at most %u\\n", "WIRE_REC_MAX"),
        ("more than %u, or more", "WIRE_REC_MAX"), ("a multiple of %u,", "WIRE_ALIGN"),
        ("of the string, at most %u", "WIRE_STR_MAX"), ("WIRE_MARK_OP ,\\n%u)", "WIRE_MARK_OP"),
        ("at most %zu of the characters", "sizeof(((struct format_loss *)0)->name) - 1")]
test("every_limit_is_in_the_page",
     ['snprintf(line, sizeof(line), "%s", %s); has(line, &ok);' % s for s in said])
out += ["return failed;", "}", ""]
open("%s/check.c" % sys.argv[0].rsplit("/", 1)[0], "w").write("\n".join(out))
END
python3 "$tmp/make.py" "$page" include/ctrace/wire.h include/ctrace/format.h &&
	"${CC:-cc}" -std=gnu11 -Iinclude "$tmp/check.c" -o "$tmp/check" || {
	echo "not ok the_tables_of_the_page_are_a_program"
	exit 1
}
"$tmp/check" "$(sed 's/\\-/-/g' $page)"
