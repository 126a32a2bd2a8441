# Made by scripts/man from the tables of options: do not edit.
# Completion of damon-perf for bash: source it, or install it as
# /usr/share/bash-completion/completions/damon-perf.

_damon_perf_words()
{
	local word
	while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$@" -- "$cur")
}

_damon_perf()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} word
	local command=${COMP_WORDS[1]}
	COMPREPLY=()
	if ((COMP_CWORD == 1)) || [[ $command == help ]]; then
		_damon_perf_words -W 'record report diff convert check help version'
		return
	fi
	# behind '--' is another command's line
	for word in "${COMP_WORDS[@]:2:COMP_CWORD-2}"; do
		[[ $word == -- ]] && return
	done
	case $command in
	record)
		case $prev in
		-p | --pid) _damon_perf_words -W "$(ps -eo pid=)"; return ;;
		--replay) _damon_perf_words -f; return ;;
		-o | --output) _damon_perf_words -f; return ;;
		--duration) return ;;
		--source) return ;;
		--overhead) return ;;
		--rate) return ;;
		--resolution) return ;;
		--mem-reads) return ;;
		--check) return ;;
		--checks-per-sec) return ;;
		--period) return ;;
		--latency-threshold) return ;;
		--event) return ;;
		--sample) return ;;
		--aggr) return ;;
		--updr) return ;;
		--minr) return ;;
		--maxr) return ;;
		--monitoring-intervals) return ;;
		--intervals-goal) return ;;
		--monitoring-intervals-goal) return ;;
		--monitoring-nr-regions-range) return ;;
		esac
		if [[ $cur == -* ]]; then
			_damon_perf_words -W '--pid --replay --output --raw --duration --source --overhead --rate --resolution --mem-reads --check --checks-per-sec --period --latency-threshold --loads --stores --phys --event --sample --aggr --updr --minr --maxr --monitoring-intervals --intervals-goal --monitoring-intervals-goal --monitoring-nr-regions-range --quiet --help'
		else
			_damon_perf_words -c
		fi
		;;
	report)
		case $prev in
		-i | --input) _damon_perf_words -f; return ;;
		-o | --output) _damon_perf_words -f; return ;;
		--format) _damon_perf_words -W 'text json csv'; return ;;
		-p | --pid) _damon_perf_words -W "$(ps -eo pid=)"; return ;;
		--comm) return ;;
		--address-range) return ;;
		--time-range) return ;;
		--snapshot) return ;;
		--why) return ;;
		--idle) return ;;
		--window) _damon_perf_words -W 'aggr 1s 10s 60s'; return ;;
		--by) _damon_perf_words -W 'function line module'; return ;;
		--sort) _damon_perf_words -W 'accesses stores stall latency'; return ;;
		--top) return ;;
		--resol) return ;;
		--color) _damon_perf_words -W 'auto never 256 truecolor'; return ;;
		--width) return ;;
		esac
		if [[ $cur == -* ]]; then
			_damon_perf_words -W '--input --output --format --pid --comm --address-range --time-range --snapshot --why --idle --window --by --members --sort --top --percentiles --resol --color --width --help'
		else
			_damon_perf_words -W 'summary heatmap wss access hotspots objects annotate advice recency temperature footprints times nr_regions info'
		fi
		;;
	diff)
		case $prev in
		--comm) return ;;
		--time-range) return ;;
		--window) _damon_perf_words -W 'aggr 1s 10s 60s'; return ;;
		--sort) _damon_perf_words -W 'accesses stores stall latency'; return ;;
		--fail-if) return ;;
		-o | --output) _damon_perf_words -f; return ;;
		--format) _damon_perf_words -W 'text json csv'; return ;;
		--top) return ;;
		--width) return ;;
		esac
		if [[ $cur == -* ]]; then
			_damon_perf_words -W '--comm --time-range --window --sort --fail-if --output --format --top --width --help'
		fi
		;;
	convert)
		case $prev in
		-i | --input) _damon_perf_words -f; return ;;
		-o | --output) _damon_perf_words -f; return ;;
		--to) _damon_perf_words -W 'damo damo-json csv perf'; return ;;
		esac
		if [[ $cur == -* ]]; then
			_damon_perf_words -W '--input --output --to --help'
		fi
		;;
	check)
		case $prev in
		--format) _damon_perf_words -W 'text json'; return ;;
		esac
		if [[ $cur == -* ]]; then
			_damon_perf_words -W '--format --help'
		fi
		;;
	esac
}

complete -o default -F _damon_perf damon-perf
