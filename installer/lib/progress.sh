# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by the installer's scripts: step "What" CMD... runs CMD, says what is being done, how far and for how long,
# keeps its output in a log and shows the log's end when CMD fails.

progress_dir=${TOBARI_LOG_DIR:-${TMPDIR:-/tmp}}

# step WHAT CMD...: on a terminal the line is rewritten with the log's last line; elsewhere a line every 30 s.
step() {
  local what=$1 log start pid status=0 said=0 now last
  shift
  log=$(mktemp "$progress_dir/tobari-step.XXXXXX")
  start=$SECONDS
  if [ -t 2 ]; then printf '%s …' "$what" >&2; else printf '%s …\n' "$what" >&2; fi
  # A process group of its own, so that Ctrl-C here ends all of it. (And set -e is off in a function that is tested.)
  set -m
  (set -e; "$@") >"$log" 2>&1 </dev/null &
  pid=$!
  set +m
  trap 'kill -TERM -- "-$pid" 2>/dev/null; wait "$pid" 2>/dev/null; rm -f "$log"; exit 130' INT TERM HUP
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    now=$((SECONDS - start))
    if [ -t 2 ]; then
      last=$(tail -c 400 "$log" | tr '\r' '\n' | tail -n 1 | tr -dc '[:print:]' | cut -c1-60)
      printf '\r\033[K%s … %d s  %s' "$what" "$now" "$last" >&2
    elif [ $((now / 30)) -gt "$said" ]; then
      said=$((now / 30))
      printf '  %s: %d s, %s\n' "$what" "$now" "$(tail -c 400 "$log" | tr '\r' '\n' | tail -n 1 | tr -dc '[:print:]' | cut -c1-80)" >&2
    fi
  done
  wait "$pid" || status=$?
  trap - INT TERM HUP
  [ ! -t 2 ] || printf '\r\033[K' >&2
  if [ "$status" -ne 0 ]; then
    printf '%s: failed after %d s (exit %d). The end of its output:\n' "$what" $((SECONDS - start)) "$status" >&2
    tail -n 25 "$log" >&2
    printf 'The whole output is in %s\n' "$log" >&2
    return "$status"
  fi
  printf '%s: %d s\n' "$what" $((SECONDS - start)) >&2
  rm -f "$log"
}
