#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The truth tests on Debian's Linux 6.1 for arm64, in QEMU.
. "$(dirname "$0")/guest.bash"
guest 6.1 arm64
finish
