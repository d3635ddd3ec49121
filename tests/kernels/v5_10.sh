#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The truth tests on Debian's Linux 5.10, in QEMU.
. "$(dirname "$0")/guest.bash"
# Where there is none, its paths are forced on the other kernels (CTRACE_FORCE in init).
guest 5.10
finish
