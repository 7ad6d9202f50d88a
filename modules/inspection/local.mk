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
	modules/inspection/defragment.c modules/inspection/defragment.h \
	modules/inspection/held.c modules/inspection/held.h \
	modules/inspection/kept.c modules/inspection/kept.h \
	modules/inspection/packet.c modules/inspection/packet.h \
	modules/inspection/segment.h \
	modules/inspection/stream.c modules/inspection/stream.h

# values against rules
libvpinspection_a_SOURCES += \
	modules/inspection/archive.h \
	modules/inspection/confirm.c modules/inspection/confirm.h \
	modules/inspection/database.c modules/inspection/database.h \
	modules/inspection/matcher_check.c \
	modules/inspection/intern.c modules/inspection/intern.h \
	modules/inspection/number.c modules/inspection/number.h \
	modules/inspection/pattern.c modules/inspection/pattern.h \
	modules/inspection/program.c modules/inspection/program.h \
	modules/inspection/program_check.c \
	modules/inspection/program_compile.c \
	modules/inspection/program_condition.c modules/inspection/program_condition.h \
	modules/inspection/program_layout.h \
	modules/inspection/program_link.c \
	modules/inspection/program_pack.c \
	modules/inspection/transform.c modules/inspection/transform.h \
	modules/inspection/transform_decode.c \
	modules/inspection/transform_path.c \
	modules/inspection/transform_stage.h \
	modules/inspection/transform_text.c \
	modules/inspection/anchor.c modules/inspection/anchor.h \
	modules/inspection/unit.c modules/inspection/unit.h \
	modules/inspection/unit_layout.h \
	modules/inspection/unit_pool.c modules/inspection/unit_pool.h \
	modules/inspection/unit_relation.c \
	modules/inspection/unit_truth.c \
	modules/inspection/unit_value.c \
	modules/inspection/variable.c modules/inspection/variable.h

# parsers
libvpinspection_a_SOURCES += \
	modules/inspection/command.c \
	modules/inspection/emit.h \
	modules/inspection/frame.c modules/inspection/frame.h \
	modules/inspection/gather.c modules/inspection/gather.h \
	modules/inspection/parser_head.c modules/inspection/parser_head.h \
	modules/inspection/protocol.c modules/inspection/protocol.h \
	modules/inspection/dns.c \
	modules/inspection/raw.c \
	modules/inspection/smb.c \
	modules/inspection/smb_fields.c modules/inspection/smb_fields.h \
	modules/inspection/ssh.c \
	modules/inspection/tls.c \
	modules/inspection/redis.c \
	modules/inspection/telnet.c

# HTTP
libvpinspection_a_SOURCES += \
	modules/inspection/decode.c modules/inspection/decode.h \
	modules/inspection/form.c modules/inspection/form.h \
	modules/inspection/http.c modules/inspection/http.h \
	modules/inspection/http_body.c modules/inspection/http_body.h \
	modules/inspection/http_chunk.c modules/inspection/http_chunk.h \
	modules/inspection/http_head.c modules/inspection/http_head.h \
	modules/inspection/http_out.c modules/inspection/http_out.h \
	modules/inspection/http_queue.c modules/inspection/http_queue.h \
	modules/inspection/http_reading.c modules/inspection/http_reading.h \
	modules/inspection/http_request.c modules/inspection/http_request.h \
	modules/inspection/json.c modules/inspection/json.h \
	modules/inspection/multipart.c modules/inspection/multipart.h \
	modules/inspection/wide.c modules/inspection/wide.h \
	modules/inspection/xml.c modules/inspection/xml.h

# packets judged
libvpinspection_a_SOURCES += \
	modules/inspection/engine.c modules/inspection/engine.h \
	modules/inspection/engine_flow.c \
	modules/inspection/engine_layout.h \
	modules/inspection/engine_leave.c \
	modules/inspection/engine_read.c \
	modules/inspection/engine_tcp.c \
	modules/inspection/flow.c modules/inspection/flow.h \
	modules/inspection/judge.c \
	modules/inspection/rate.c modules/inspection/rate.h \
	modules/inspection/reader.c modules/inspection/reader.h \
	modules/inspection/scope.c modules/inspection/scope.h \
	modules/inspection/scope_layout.h \
	modules/inspection/scope_pack.c
