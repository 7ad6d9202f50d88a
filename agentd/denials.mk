# SPDX-License-Identifier: GPL-2.0-or-later
# From a denied system call to a record of it.
libvpagent_a_SOURCES += \
	agentd/audit.c agentd/audit.h \
	agentd/audit_probe.c agentd/audit_probe.h \
	agentd/audit_record.c agentd/audit_record.h \
	agentd/audit_socket.c agentd/audit_socket.h \
	agentd/denial.c agentd/denial.h \
	agentd/denial_sums.c agentd/denial_sums.h \
	agentd/denials.c agentd/denials.h \
	agentd/denied.c agentd/denied.h \
	agentd/denying.c agentd/denying.h \
	agentd/denying_cache.c agentd/denying_cache.h

pkglibexec_PROGRAMS += vpatchd-denials
vpatchd_denials_SOURCES = agentd/denials_main.c
vpatchd_denials_LDADD = libvpagent.a libvpbase.a $(SECCOMP_LIBS)
