# shellcheck shell=bash
# Sourced by the scripts beside it, which from then on are in the root of the
# checkout.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

# MESSAGE [CODE]
die() {
  echo "tools/${0##*/}: $1" >&2
  exit "${2:-1}"
}

# Of wrong arguments; the exit code is that of every program here.
die_of_usage() { die "$1; see tools/${0##*/} --help" 2; }
