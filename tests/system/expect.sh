# shellcheck shell=bash
# Sourced by the scripts beside it that try one command after another. They run
# in a directory of their own, where the files out, err and said are written.

failures=0
passed=0
# WHAT COMMAND...  Says whether the command succeeds.
expect() {
  local what=$1
  shift
  if "$@" >out 2>err; then
    passed=$((passed + 1))
  else
    echo "FAILED: $what: $*"
    sed 's/^/  | /' out err
    failures=$((failures + 1))
  fi
}

# CODE COMMAND...  Whether it exits with that code.
exits() {
  local wanted=$1 code=0
  shift
  "$@" || code=$?
  [[ $code == "$wanted" ]]
}

# COMMAND...
fails() { ! "$@"; }

# COMMAND...  Whether its output has $words, however it ends.
words=''
says() {
  { "$@" || true; } >said 2>&1
  grep -qF -- "$words" said
}

# COMMAND...  Waits until it succeeds, for 60 seconds at most.
comes_true() {
  local tries
  for tries in {1..300}; do
    if "$@"; then return; fi
    sleep 0.2
  done
  echo "not after $tries tries"
  return 1
}
