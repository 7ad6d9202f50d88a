# SPDX-License-Identifier: GPL-2.0-or-later
dist_man_MANS += doc/vpatch.5 doc/vpatch-exec.8 doc/vpatchd.conf.5 doc/vpatchctl.8 doc/vpatchd.8
EXTRA_DIST += doc/architecture.md doc/calls.md doc/fields.md doc/http.md doc/language.md doc/performance.md doc/proof.md doc/protocols.md doc/schemas.md doc/threat-model.md
