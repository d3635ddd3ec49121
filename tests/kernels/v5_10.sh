#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The truth tests on Debian's Linux 5.10, in QEMU. Its paths are also forced on the other kernels
# (CTRACE_FORCE in init).
. "$(dirname "$0")/guest.bash"
guest 5.10 amd64 bullseye
finish
