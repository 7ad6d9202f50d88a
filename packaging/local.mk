# SPDX-License-Identifier: GPL-2.0-or-later
# What `make install` puts on a host, and `make deb`, `make rpm`.

systemdsystemunit_DATA = packaging/systemd/vpatchd.service packaging/systemd/vpatch-boot.service
if INJECTION
systemdsystemunit_DATA += packaging/systemd/vpatchd-inject.socket packaging/systemd/vpatchd-inject@.service \
	packaging/systemd/vpatchd-hook.socket packaging/systemd/vpatchd-hook.service \
	packaging/systemd/vpatchd-answer.socket packaging/systemd/vpatchd-answer.service
endif
dist_sysusers_DATA = packaging/sysusers.d/vpatch.conf
dist_tmpfiles_DATA = packaging/tmpfiles.d/vpatch.conf
configdir = $(sysconfdir)/vpatch
dist_config_DATA = packaging/conf/vpatchd.conf
CLEANFILES += $(systemdsystemunit_DATA)

substitute = $(AM_V_GEN)$(MKDIR_P) packaging/systemd && \
	$(SED) -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@pkglibexecdir[@]|$(pkglibexecdir)|g' <$? >$@
packaging/systemd/vpatchd.service: $(srcdir)/packaging/systemd/vpatchd.service.in
	$(substitute)
packaging/systemd/vpatch-boot.service: $(srcdir)/packaging/systemd/vpatch-boot.service.in
	$(substitute)
packaging/systemd/vpatchd-inject.socket: $(srcdir)/packaging/systemd/vpatchd-inject.socket.in
	$(substitute)
packaging/systemd/vpatchd-inject@.service: $(srcdir)/packaging/systemd/vpatchd-inject@.service.in
	$(substitute)
packaging/systemd/vpatchd-hook.socket: $(srcdir)/packaging/systemd/vpatchd-hook.socket.in
	$(substitute)
packaging/systemd/vpatchd-hook.service: $(srcdir)/packaging/systemd/vpatchd-hook.service.in
	$(substitute)
packaging/systemd/vpatchd-answer.socket: $(srcdir)/packaging/systemd/vpatchd-answer.socket.in
	$(substitute)
packaging/systemd/vpatchd-answer.service: $(srcdir)/packaging/systemd/vpatchd-answer.service.in
	$(substitute)

install-data-hook:
	$(MKDIR_P) $(DESTDIR)$(sysconfdir)/vpatch/policy.d $(DESTDIR)$(sysconfdir)/vpatch/overrides.d
uninstall-hook:
	-rmdir $(DESTDIR)$(sysconfdir)/vpatch/policy.d $(DESTDIR)$(sysconfdir)/vpatch/overrides.d

EXTRA_DIST += \
	.clang-format .clang-tidy CONTRIBUTING.md COPYING NEWS.md README.md SECURITY.md quickstart \
	packaging/build-deb packaging/build-rpm \
	packaging/debian/changelog packaging/debian/control packaging/debian/copyright \
	packaging/debian/rules packaging/debian/source/format packaging/debian/vpatch.postinst \
	packaging/debian/vpatch.prerm packaging/debian/vpatch.postrm \
	packaging/rpm/vpatch.spec \
	packaging/systemd/vpatchd.service.in packaging/systemd/vpatch-boot.service.in \
	packaging/systemd/vpatchd-inject.socket.in packaging/systemd/vpatchd-inject@.service.in \
	packaging/systemd/vpatchd-hook.socket.in packaging/systemd/vpatchd-hook.service.in \
	packaging/systemd/vpatchd-answer.socket.in packaging/systemd/vpatchd-answer.service.in

.PHONY: deb rpm
deb: dist
	$(srcdir)/packaging/build-deb $(distdir).tar.xz
rpm: dist
	$(srcdir)/packaging/build-rpm $(distdir).tar.xz
