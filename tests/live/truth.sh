#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Programs that know what they did, and what the trace says of them. Counts, sums and wall times
# are exact; states are compared with the kernel's clocks within 1 % or 50 us a region. Then the
# same on the paths that older kernels take.
. "$(dirname "$0")/lib.bash"

truth spin -n 25
truth sleep -n 25
truth lock -n 25
truth pipe -n 25
truth tcp -n 25
truth disk -n 60 -f "$O"
truth child -n 25
truth contend -n 15
truth quota -s 2
truth tasks -n 1000

export CTRACE_FORCE=hash,perf-uprobe
label="forced old paths: "
truth sleep -n 10
truth lock -n 10
truth contend -n 8
truth tasks -n 200
finish
