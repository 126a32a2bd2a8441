#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The decoders on aarch64, where its compiler and an emulator are installed.
exec "$(dirname "$0")/../../scripts/check-arm"
