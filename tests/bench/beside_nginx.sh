# Sourced by benchmarks that run beside nginx: CPU time and rate of requests, as ratios to nginx's. Needs bash and wrk;
# uses $folder, which keeps what nginx took, and $seconds.

# ticks PID...: prints the CPU time that processes have used, in clock ticks
ticks() { cat $(printf '/proc/%s/stat ' "$@") | sed 's/.*) //' | awk '{ sum += $12 + $13 } END { print sum }'; }

# once NAME PIDS WRK-ARGUMENTS...: NAME is nginx for the reference
once() {
  local name=$1 pids=$2 before after out
  shift 2
  before=$(ticks $pids)
  out=$(wrk -t1 -c32 -d"${seconds}s" --latency "$@")
  after=$(ticks $pids)
  awk -v name="$name" -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" -v reference="$folder/reference" '
    /requests in/ { count = $1 } /Requests\/sec/ { rate = $2 } /99%/ { p99 = $2 } /Non-2xx/ { bad = "  " $0 }
    END {
      cost = ticks / hz * 1e6 / count
      if (name == "nginx") { print cost, rate > reference } else { getline line < reference; split(line, r, " ") }
      printf "%-6s %8.0f requests/s %7.2f us of CPU each   p99 %-9s", name, rate, cost, p99
      if (name != "nginx") printf " ratios to nginx: CPU %.2f, requests/s %.2f", cost / r[1], rate / r[2]
      print bad
    }' <<<"$out"
}
