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
		_damon_perf_words -W 'record live reclaim lru-sort stat report diff convert mark check help version'
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
		--cgroup) return ;;
		--ops) _damon_perf_words -W 'vaddr fvaddr paddr'; return ;;
		--regions) return ;;
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
			_damon_perf_words -W '--pid --cgroup --all-processes --ops --regions --replay --output --raw --duration --source --overhead --rate --resolution --mem-reads --check --checks-per-sec --period --latency-threshold --loads --stores --phys --event --sample --aggr --updr --minr --maxr --monitoring-intervals --intervals-goal --monitoring-intervals-goal --monitoring-nr-regions-range --quiet --help'
		else
			_damon_perf_words -c
		fi
		;;
	live)
		case $prev in
		-p | --pid) _damon_perf_words -W "$(ps -eo pid=)"; return ;;
		--cgroup) return ;;
		--ops) _damon_perf_words -W 'vaddr fvaddr paddr'; return ;;
		--regions) return ;;
		--duration) return ;;
		--format) _damon_perf_words -W 'auto text json'; return ;;
		-o | --output) _damon_perf_words -f; return ;;
		--metrics) return ;;
		--schemes) _damon_perf_words -f; return ;;
		--kdamonds) _damon_perf_words -f; return ;;
		--damos-action) return ;;
		--damos-sz-region) return ;;
		--damos-access-rate) return ;;
		--damos-age) return ;;
		--damos-apply-interval) return ;;
		--damos-quota-interval) return ;;
		--damos-quota-time) return ;;
		--damos-quota-space) return ;;
		--damos-quota-weights) return ;;
		--damos-quota-fail-charge-ratio) return ;;
		--damos-quotas) return ;;
		--damos-quota-goal) return ;;
		--damos-quota-goal-tuner) return ;;
		--damos-nr-quota-goals) return ;;
		--damos-wmarks) return ;;
		--damos-filter) return ;;
		--damos-filter-out) return ;;
		--damos-nr-filters) return ;;
		--damos-target-nid) return ;;
		--damos-dests) return ;;
		--damos-max-nr-snapshots) return ;;
		--damos-compare) return ;;
		--damos-refault-max) return ;;
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
			_damon_perf_words -W '--pid --cgroup --all-processes --ops --regions --duration --plain --format --output --metrics --schemes --kdamonds --strict --damos-scheme --damos-action --damos-sz-region --damos-access-rate --damos-age --damos-apply-interval --damos-quota-interval --damos-quota-time --damos-quota-space --damos-quota-weights --damos-quota-fail-charge-ratio --damos-quotas --damos-quota-goal --damos-quota-goal-tuner --damos-nr-quota-goals --damos-wmarks --damos-filter --damos-filter-out --damos-nr-filters --damos-target-nid --damos-dests --damos-max-nr-snapshots --damos-compare --damos-refault-max --dry-run --source --overhead --rate --resolution --mem-reads --check --checks-per-sec --period --latency-threshold --loads --stores --phys --event --sample --aggr --updr --minr --maxr --monitoring-intervals --intervals-goal --monitoring-intervals-goal --monitoring-nr-regions-range --help'
		else
			_damon_perf_words -c
		fi
		;;
	reclaim)
		case $prev in
		-p | --pid) _damon_perf_words -W "$(ps -eo pid=)"; return ;;
		--cgroup) return ;;
		--ops) _damon_perf_words -W 'vaddr fvaddr paddr'; return ;;
		--regions) return ;;
		--duration) return ;;
		--min-age) return ;;
		--quota-ms) return ;;
		--quota-reset-interval-ms) return ;;
		--quota-sz) return ;;
		--quota-mem-pressure-us) return ;;
		--quota-autotune-feedback) return ;;
		--wmarks-interval) return ;;
		--wmarks-high) return ;;
		--wmarks-mid) return ;;
		--wmarks-low) return ;;
		--sample-interval) return ;;
		--aggr-interval) return ;;
		--min-nr-regions) return ;;
		--max-nr-regions) return ;;
		--monitor-region-start) return ;;
		--monitor-region-end) return ;;
		--format) _damon_perf_words -W 'screen text json'; return ;;
		-o | --output) _damon_perf_words -f; return ;;
		--metrics) return ;;
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
		esac
		if [[ $cur == -* ]]; then
			_damon_perf_words -W '--pid --cgroup --all-processes --ops --regions --duration --min-age --quota-ms --quota-reset-interval-ms --quota-sz --quota-mem-pressure-us --quota-autotune-feedback --wmarks-interval --wmarks-high --wmarks-mid --wmarks-low --skip-anon --sample-interval --aggr-interval --min-nr-regions --max-nr-regions --autotune-monitoring-intervals --monitor-region-start --monitor-region-end --format --output --metrics --dry-run --source --overhead --rate --resolution --mem-reads --check --checks-per-sec --period --latency-threshold --loads --stores --phys --event --help'
		else
			_damon_perf_words -c
		fi
		;;
	lru-sort)
		case $prev in
		-p | --pid) _damon_perf_words -W "$(ps -eo pid=)"; return ;;
		--cgroup) return ;;
		--ops) _damon_perf_words -W 'vaddr fvaddr paddr'; return ;;
		--regions) return ;;
		--duration) return ;;
		--hot-thres-access-freq) return ;;
		--cold-min-age) return ;;
		--active-mem-bp) return ;;
		--quota-ms) return ;;
		--quota-reset-interval-ms) return ;;
		--wmarks-interval) return ;;
		--wmarks-high) return ;;
		--wmarks-mid) return ;;
		--wmarks-low) return ;;
		--sample-interval) return ;;
		--aggr-interval) return ;;
		--min-nr-regions) return ;;
		--max-nr-regions) return ;;
		--monitor-region-start) return ;;
		--monitor-region-end) return ;;
		--format) _damon_perf_words -W 'screen text json'; return ;;
		-o | --output) _damon_perf_words -f; return ;;
		--metrics) return ;;
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
		esac
		if [[ $cur == -* ]]; then
			_damon_perf_words -W '--pid --cgroup --all-processes --ops --regions --duration --hot-thres-access-freq --cold-min-age --active-mem-bp --filter-young-pages --quota-ms --quota-reset-interval-ms --wmarks-interval --wmarks-high --wmarks-mid --wmarks-low --sample-interval --aggr-interval --min-nr-regions --max-nr-regions --autotune-monitoring-intervals --monitor-region-start --monitor-region-end --format --output --metrics --dry-run --source --overhead --rate --resolution --mem-reads --check --checks-per-sec --period --latency-threshold --loads --stores --phys --event --help'
		else
			_damon_perf_words -c
		fi
		;;
	stat)
		case $prev in
		-p | --pid) _damon_perf_words -W "$(ps -eo pid=)"; return ;;
		--cgroup) return ;;
		--ops) _damon_perf_words -W 'vaddr fvaddr paddr'; return ;;
		--regions) return ;;
		--duration) return ;;
		--sample-interval) return ;;
		--aggr-interval) return ;;
		--min-nr-regions) return ;;
		--max-nr-regions) return ;;
		--format) _damon_perf_words -W 'auto text json'; return ;;
		--refresh) return ;;
		-o | --output) _damon_perf_words -f; return ;;
		--metrics) return ;;
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
		esac
		if [[ $cur == -* ]]; then
			_damon_perf_words -W '--pid --cgroup --all-processes --ops --regions --duration --sample-interval --aggr-interval --min-nr-regions --max-nr-regions --format --refresh --output --metrics --source --overhead --rate --resolution --mem-reads --check --checks-per-sec --period --latency-threshold --loads --stores --phys --event --help'
		else
			_damon_perf_words -c
		fi
		;;
	report)
		case $prev in
		-i | --input) _damon_perf_words -f; return ;;
		-o | --output) _damon_perf_words -f; return ;;
		--format) _damon_perf_words -W 'text json csv png svg'; return ;;
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
		--size) return ;;
		--scale) _damon_perf_words -W 'log linear'; return ;;
		esac
		if [[ $cur == -* ]]; then
			_damon_perf_words -W '--input --output --format --pid --comm --address-range --time-range --snapshot --why --idle --window --by --members --sort --top --percentiles --resol --color --width --size --scale --dark --help'
		else
			_damon_perf_words -W 'summary heatmap wss access hotspots objects levels html annotate advice recency temperature footprints times nr_regions info'
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
		--to) _damon_perf_words -W 'damo damo-json csv json perf pprof perfetto folded record'; return ;;
		esac
		if [[ $cur == -* ]]; then
			_damon_perf_words -W '--input --output --to --anonymize --help'
		fi
		;;
	mark)
		case $prev in
		-p | --pid) _damon_perf_words -W "$(ps -eo pid=)"; return ;;
		esac
		if [[ $cur == -* ]]; then
			_damon_perf_words -W '--pid --all --help'
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
