# SPDX-License-Identifier: GPL-2.0-or-later
dist_check_SCRIPTS += tests/style/check
TESTS += tests/style/check
