# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of vpatchctl; made from its command table.

_vpatchctl_ids()
{
	sed -n 's/^id[[:blank:]]*=[[:blank:]]*\([A-Za-z0-9._-]*\).*/\1/p' /etc/vpatch/policy.d/*.vpatch /usr/share/vpatch/patches/*.vpatch 2>/dev/null
}

_vpatchctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local verb= operands=0 i options='--config --json --help --version'

	COMPREPLY=()
	case $prev in
	--config|-c)
		COMPREPLY=($(compgen -f -- "$cur"))
		return ;;
	--overrides)
		COMPREPLY=($(compgen -d -- "$cur"))
		return ;;
	--format)
		COMPREPLY=($(compgen -W 'text json nft bpf' -- "$cur"))
		return ;;
	--policy)
		COMPREPLY=($(compgen -f -- "$cur"))
		return ;;
	--pcap)
		COMPREPLY=($(compgen -f -- "$cur"))
		return ;;
	--observe|--confirm|--reason|--ticket|--src|--dport|--since|--for)
		return ;;
	esac
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--config|-c|--overrides|--format|--observe|--policy|--pcap|--confirm|--reason|--ticket|--src|--dport|--since|--for) ((i++)) ;;
		-*) ;;
		*) if [[ $verb ]]; then ((operands++)); else verb=${COMP_WORDS[i]}; fi ;;
		esac
	done
	case $verb in
	'')
		COMPREPLY=($(compgen -W 'check plan test replay explain apply confirm status events history enable disable mode rollback panic' -- "$cur"))
		;;
	check)
		options+=' --overrides'
		COMPREPLY=($(compgen -f -- "$cur"))
		;;
	plan)
		options+=' --overrides --format'
		COMPREPLY=($(compgen -f -- "$cur"))
		;;
	test)
		options+=' --overrides --evasions --mutations --observe'
		COMPREPLY=($(compgen -f -W "$(_vpatchctl_ids)" -- "$cur"))
		;;
	replay)
		options+=' --overrides --policy --pcap'
		;;
	explain)
		COMPREPLY=($(compgen -W "$(_vpatchctl_ids)" -- "$cur"))
		;;
	apply)
		options+=' --confirm --reason --ticket --wait --after-panic --force'
		;;
	status)
		COMPREPLY=($(compgen -W "$(_vpatchctl_ids)" -- "$cur"))
		;;
	events)
		options+=' --follow --src --dport --since'
		;;
	enable)
		options+=' --reason --all --for'
		COMPREPLY=($(compgen -W "$(_vpatchctl_ids)" -- "$cur"))
		;;
	disable)
		options+=' --reason --all --for'
		COMPREPLY=($(compgen -W "$(_vpatchctl_ids)" -- "$cur"))
		;;
	mode)
		options+=' --reason --for'
		if ((operands > 0)); then
			COMPREPLY=($(compgen -W 'enforce monitor' -- "$cur"))
		else
			COMPREPLY=($(compgen -W "$(_vpatchctl_ids)" -- "$cur"))
		fi
		;;
	rollback)
		options+=' --reason --ticket'
		;;
	panic)
		options+=' --reason'
		;;
	esac
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$options" -- "$cur"))
	fi
}

complete -o filenames -F _vpatchctl vpatchctl
