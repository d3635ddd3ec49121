#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The truth tests on Debian's Linux 6.1, in QEMU.
. "$(dirname "$0")/guest.bash"
guest 6.1
finish
