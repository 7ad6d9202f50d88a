/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captures: see capture.h. libpcap reads the two formats; the link layers that
 * carry IP are taken off here.
 */
#include "agentd/ctl/capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/memory.h"

#define ETHERTYPE_IPV4	 0x0800
#define ETHERTYPE_IPV6	 0x86dd
#define ETHERTYPE_VLAN	 0x8100 /* IEEE 802.1Q */
#define ETHERTYPE_QINQ	 0x88a8 /* IEEE 802.1ad */
#define ETHERTYPE_QINQ_1 0x9100 /* before it was one */
#define TAGS_MOST	 4u

#define LATEST INT64_C(253402300799) /* the year 9999 */

/* Which families stand for IP in the first word of a NULL or LOOP frame. */
#define FAMILY_IPV4 2

/* Steps over the link layer to the IP packet. False: there is none. */
typedef bool strip(struct vp_bytes *bytes);

struct vp_capture {
	pcap_t *pcap;
	char *name;
	strip *strip;
	uint64_t number;
};

/* What an Ethernet type says about the bytes behind it; tags of VLANs are stepped over. */
static bool strip_type(struct vp_bytes *bytes, uint16_t type)
{
	for (unsigned int i = 0; i < TAGS_MOST; i++) {
		if (type != ETHERTYPE_VLAN && type != ETHERTYPE_QINQ &&
		    type != ETHERTYPE_QINQ_1)
			break;
		vp_bytes_take(bytes, 2);
		type = vp_bytes_be16(bytes);
	}
	return !bytes->failed && (type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6);
}

static bool strip_ethernet(struct vp_bytes *bytes)
{
	vp_bytes_take(bytes, 12);
	return strip_type(bytes, vp_bytes_be16(bytes));
}

static bool strip_raw(struct vp_bytes *bytes)
{
	return vp_bytes_left(bytes);
}

/* "any" devices of Linux (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2) */
static bool strip_sll(struct vp_bytes *bytes)
{
	vp_bytes_take(bytes, 14);
	return strip_type(bytes, vp_bytes_be16(bytes));
}

static bool strip_sll2(struct vp_bytes *bytes)
{
	uint16_t type = vp_bytes_be16(bytes);

	vp_bytes_take(bytes, 18);
	return strip_type(bytes, type);
}

/*
 * Loopback devices of the BSDs: the address family in the byte order of whoever
 * captured; which number IPv6 has differs between them and Linux.
 */
static bool strip_null(struct vp_bytes *bytes)
{
	static const uint32_t ipv6[] = { 10, 24, 28, 30 };
	uint32_t family = vp_bytes_be32(bytes);

	if (family > UINT16_MAX)
		family = __builtin_bswap32(family);
	for (size_t i = 0; i < VP_COUNT(ipv6); i++)
		if (!bytes->failed && family == ipv6[i])
			return true;
	return !bytes->failed && family == FAMILY_IPV4;
}

static const struct {
	int link;
	strip *strip;
} links[] = {
	{ DLT_EN10MB, strip_ethernet }, { DLT_RAW, strip_raw },
	{ DLT_IPV4, strip_raw },	{ DLT_IPV6, strip_raw },
	{ DLT_LINUX_SLL, strip_sll },	{ DLT_LINUX_SLL2, strip_sll2 },
	{ DLT_NULL, strip_null },	{ DLT_LOOP, strip_null },
};

static int find_link(struct vp_capture *capture, struct vp_error *err)
{
	int link = pcap_datalink(capture->pcap);
	const char *name = pcap_datalink_val_to_name(link);

	for (size_t i = 0; i < VP_COUNT(links); i++)
		if (links[i].link == link)
			capture->strip = links[i].strip;
	if (capture->strip)
		return 0;
	return vp_fail(err, -EOPNOTSUPP,
		       "%s: expected a capture of Ethernet, raw IP, Linux cooked or loopback "
		       "packets, found link type %s (%d)",
		       capture->name, name ? name : "without a name", link);
}

struct vp_capture *vp_capture_of(FILE *file, const char *name, struct vp_error *err)
{
	_cleanup_capture_ struct vp_capture *capture = vp_new(struct vp_capture);
	char why[PCAP_ERRBUF_SIZE] = "";

	capture->name = vp_strdup(name);
	capture->pcap = pcap_fopen_offline_with_tstamp_precision(
		file, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!capture->pcap) {
		vp_fail(err, -EINVAL, "%s: expected a capture (pcap or pcapng), found: %s",
			name, why);
		fclose(file);
		return NULL;
	}
	if (find_link(capture, err))
		return NULL;
	return TAKE_PTR(capture);
}

struct vp_capture *vp_capture_open(const char *path, struct vp_error *err)
{
	bool standard = !strcmp(path, "-");
	FILE *file = standard ? stdin : fopen(path, "re");

	if (!file) {
		vp_fail(err, -errno, "%s: cannot be read: %s", path, strerror(errno));
		return NULL;
	}
	return vp_capture_of(file, standard ? "standard input" : path, err);
}

void vp_capture_close(struct vp_capture *capture)
{
	if (!capture)
		return;
	if (capture->pcap)
		pcap_close(capture->pcap); /* and the file */
	free(capture->name);
	free(capture);
}

/* Times of foreign making: never before 1970, never behind what can be printed. */
static struct timespec time_of(const struct pcap_pkthdr *header)
{
	struct timespec time = { .tv_sec = header->ts.tv_sec,
				 .tv_nsec = (long)header->ts.tv_usec }; /* so is asked for */

	if (time.tv_sec < 0)
		time.tv_sec = 0;
	if (time.tv_sec > LATEST)
		time.tv_sec = LATEST;
	if (time.tv_nsec < 0 || time.tv_nsec >= 1000000000)
		time.tv_nsec = 0;
	return time;
}

/* Is all of the IP packet there, though not all of its frame is? */
static bool is_whole(struct vp_slice bytes)
{
	struct vp_bytes head = vp_bytes_of(bytes.data, bytes.len);
	uint8_t version = vp_bytes_u8(&head) >> 4;
	size_t length;

	vp_bytes_take(&head, version == 6 ? 3 : 1);
	length = vp_bytes_be16(&head);
	return !head.failed && length && length + (version == 6 ? 40u : 0u) <= bytes.len;
}

static void take_off_link(struct vp_capture *capture, const struct pcap_pkthdr *header,
			  const uint8_t *data, struct vp_frame *frame)
{
	struct vp_bytes bytes = vp_bytes_of(data, header->caplen);
	bool ip = capture->strip(&bytes);

	frame->bytes = (struct vp_slice){ data + bytes.pos, vp_bytes_left(&bytes) };
	frame->kind = ip ? VP_FRAME_IP : VP_FRAME_OTHER;
	if (header->caplen < header->len && (ip ? !is_whole(frame->bytes) : bytes.failed))
		frame->kind = VP_FRAME_CUT;
}

int vp_capture_next(struct vp_capture *capture, struct vp_frame *frame, struct vp_error *err)
{
	struct pcap_pkthdr *header;
	const uint8_t *data;
	int r = pcap_next_ex(capture->pcap, &header, &data);

	if (r == PCAP_ERROR_BREAK)
		return 0;
	if (r != 1)
		return vp_fail(err, -EBADMSG, "%s: the capture ends within packet %llu: %s",
			       capture->name, (unsigned long long)capture->number + 1,
			       pcap_geterr(capture->pcap));
	*frame = (struct vp_frame){ .number = ++capture->number, .time = time_of(header) };
	take_off_link(capture, header, data, frame);
	return 1;
}
