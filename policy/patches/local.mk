# SPDX-License-Identifier: GPL-2.0-or-later
# The catalogue, as installed. tests/style checks that every definition is named here.

patchesdir = $(datadir)/vpatch/patches
dist_patches_DATA = \
	policy/patches/bacnet-reachability.vpatch \
	policy/patches/cldap-reflection.vpatch \
	policy/patches/cve-1999-0103.vpatch \
	policy/patches/cve-1999-0524.vpatch \
	policy/patches/cve-2007-2242.vpatch \
	policy/patches/cve-2009-0696.vpatch \
	policy/patches/cve-2013-4782.vpatch \
	policy/patches/cve-2013-4786.vpatch \
	policy/patches/cve-2013-5211.vpatch \
	policy/patches/cve-2014-6271.vpatch \
	policy/patches/cve-2015-7871.vpatch \
	policy/patches/cve-2016-7434.vpatch \
	policy/patches/cve-2017-0144.vpatch \
	policy/patches/cve-2017-5638.vpatch \
	policy/patches/cve-2017-8779.vpatch \
	policy/patches/cve-2017-9841.vpatch \
	policy/patches/cve-2018-0171.vpatch \
	policy/patches/cve-2018-1000115.vpatch \
	policy/patches/cve-2018-11776.vpatch \
	policy/patches/cve-2019-0708.vpatch \
	policy/patches/cve-2019-11477.vpatch \
	policy/patches/cve-2019-12255.vpatch \
	policy/patches/cve-2019-12256.vpatch \
	policy/patches/cve-2019-12260.vpatch \
	policy/patches/cve-2019-12261.vpatch \
	policy/patches/cve-2020-10136.vpatch \
	policy/patches/cve-2020-11911.vpatch \
	policy/patches/cve-2020-1938.vpatch \
	policy/patches/cve-2021-3129.vpatch \
	policy/patches/cve-2021-41773.vpatch \
	policy/patches/cve-2021-42013.vpatch \
	policy/patches/cve-2021-44228.vpatch \
	policy/patches/cve-2022-0543.vpatch \
	policy/patches/cve-2022-22963.vpatch \
	policy/patches/cve-2022-22965.vpatch \
	policy/patches/cve-2022-26134.vpatch \
	policy/patches/cve-2022-26143.vpatch \
	policy/patches/cve-2023-2156.vpatch \
	policy/patches/cve-2023-22515.vpatch \
	policy/patches/cve-2023-22518.vpatch \
	policy/patches/cve-2023-28771.vpatch \
	policy/patches/cve-2023-29552.vpatch \
	policy/patches/cve-2024-38063.vpatch \
	policy/patches/cve-2024-47176.vpatch \
	policy/patches/cve-2026-24061.vpatch \
	policy/patches/docker-api-exposure.vpatch \
	policy/patches/elasticsearch-exposure.vpatch \
	policy/patches/enip-reachability.vpatch \
	policy/patches/etcd-exposure.vpatch \
	policy/patches/icmp-redirect.vpatch \
	policy/patches/ipv4-options.vpatch \
	policy/patches/modbus-reachability.vpatch \
	policy/patches/mongodb-exposure.vpatch \
	policy/patches/ntp-control-queries.vpatch \
	policy/patches/s7comm-reachability.vpatch \
	policy/patches/snmp-default-community.vpatch \
	policy/patches/ssdp-reflection.vpatch \
	policy/patches/telnet-to-devices.vpatch \
	policy/patches/tftp-write.vpatch \
	policy/patches/wsd-reflection.vpatch
