# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of vpatch-exec.

_vpatch_exec()
{
	local cur=${COMP_WORDS[COMP_CWORD]} folder=/var/lib/vpatch/seccomp unit= i

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--filters) folder=${COMP_WORDS[++i]} ;;
		--filters=*) folder=${COMP_WORDS[i]#*=} ;;
		--) [[ $unit ]] && { _command_offset $((i + 1)); return; } ;;
		-*) ;;
		*) [[ $unit ]] && { _command_offset $i; return; }
			unit=${COMP_WORDS[i]} ;;
		esac
	done
	if [[ ${COMP_WORDS[COMP_CWORD-1]} == --filters ]]; then
		COMPREPLY=($(compgen -d -- "$cur"))
	elif [[ $unit ]]; then
		COMPREPLY=($(compgen -c -- "$cur"))
	elif [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W '--filters --require --help --version' -- "$cur"))
	else
		COMPREPLY=($(compgen -W "$(cd "$folder" 2>/dev/null && ls | sed -n 's/\.filter$//p')" -- "$cur"))
	fi
}

complete -F _vpatch_exec vpatch-exec
