# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of vpatchctl; made from its command table.

_vpatchctl_ids()
{
	sed -n 's/^id[[:blank:]]*=[[:blank:]]*\([A-Za-z0-9._-]*\).*/\1/p' /etc/vpatch/policy.d/*.vpatch /usr/share/vpatch/patches/*.vpatch 2>/dev/null
}

_vpatchctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local verb= options= operands=0 i

	COMPREPLY=()
	case $prev in
	--config|-c)
		COMPREPLY=($(compgen -f -- "$cur"))
		return ;;
	--overrides)
		COMPREPLY=($(compgen -d -- "$cur"))
		return ;;
	--format)
		COMPREPLY=($(compgen -W 'text json nft' -- "$cur"))
		return ;;
	--confirm)
		COMPREPLY=()
		return ;;
	--reason)
		COMPREPLY=()
		return ;;
	--ticket)
		COMPREPLY=()
		return ;;
	--src)
		COMPREPLY=()
		return ;;
	--dport)
		COMPREPLY=()
		return ;;
	--since)
		COMPREPLY=()
		return ;;
	--for)
		COMPREPLY=()
		return ;;
	esac
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--config|-c|--overrides|--format|--confirm|--reason|--ticket|--src|--dport|--since|--for) ((i++)) ;;
		-*) ;;
		*) if [[ $verb ]]; then ((operands++)); else verb=${COMP_WORDS[i]}; fi ;;
		esac
	done
	case $verb in
	'')
		options='--config --json --help --version'
		COMPREPLY=($(compgen -W 'check plan test explain apply confirm status events history enable disable mode rollback panic' -- "$cur"))
		;;
	check)
		options='--config --json --help --version --overrides'
		COMPREPLY=($(compgen -f -- "$cur"))
		;;
	plan)
		options='--config --json --help --version --overrides --format'
		COMPREPLY=($(compgen -f -- "$cur"))
		;;
	test)
		options='--config --json --help --version --evasions --mutations'
		COMPREPLY=($(compgen -f -W "$(_vpatchctl_ids)" -- "$cur"))
		;;
	explain)
		options='--config --json --help --version'
		COMPREPLY=($(compgen -W "$(_vpatchctl_ids)" -- "$cur"))
		;;
	apply)
		options='--config --json --help --version --confirm --reason --ticket --wait --after-panic --force'
		;;
	confirm)
		options='--config --json --help --version'
		;;
	status)
		options='--config --json --help --version'
		COMPREPLY=($(compgen -W "$(_vpatchctl_ids)" -- "$cur"))
		;;
	events)
		options='--config --json --help --version --follow --src --dport --since'
		;;
	history)
		options='--config --json --help --version'
		;;
	enable)
		options='--config --json --help --version --reason --all --for'
		COMPREPLY=($(compgen -W "$(_vpatchctl_ids)" -- "$cur"))
		;;
	disable)
		options='--config --json --help --version --reason --all --for'
		COMPREPLY=($(compgen -W "$(_vpatchctl_ids)" -- "$cur"))
		;;
	mode)
		options='--config --json --help --version --reason --for'
		if ((operands > 0)); then
			COMPREPLY=($(compgen -W 'enforce monitor' -- "$cur"))
		else
			COMPREPLY=($(compgen -W "$(_vpatchctl_ids)" -- "$cur"))
		fi
		;;
	rollback)
		options='--config --json --help --version --reason --ticket'
		COMPREPLY=()
		;;
	panic)
		options='--config --json --help --version --reason'
		;;
	esac
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$options" -- "$cur"))
	fi
}

complete -o filenames -F _vpatchctl vpatchctl
