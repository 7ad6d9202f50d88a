# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libvpinspection.a
libvpinspection_a_CFLAGS = $(AM_CFLAGS) $(HS_CFLAGS) $(HTP_CFLAGS) $(PCRE2_CFLAGS) $(EXPAT_CFLAGS) \
	$(ZLIB_CFLAGS) $(BROTLI_CFLAGS)
libvpinspection_a_SOURCES = \
	modules/inspection/sink.h

# what a program that links libvpinspection.a needs besides
VP_INSPECTION_LIBS = $(HS_LIBS) $(PCRE2_LIBS) $(HTP_LIBS) $(EXPAT_LIBS) $(ZLIB_LIBS) $(BROTLI_LIBS)

# packets in order
libvpinspection_a_SOURCES += \
	modules/inspection/checksum.c modules/inspection/checksum.h \
	modules/inspection/held.c modules/inspection/held.h \
	modules/inspection/kept.c modules/inspection/kept.h \
	modules/inspection/packet.c modules/inspection/packet.h \
	modules/inspection/segment.h \
	modules/inspection/stream.c modules/inspection/stream.h

# values against rules
libvpinspection_a_SOURCES +=

# parsers
libvpinspection_a_SOURCES += \
	modules/inspection/protocol.c modules/inspection/protocol.h
