# Sourced by the scripts beside it. Leaves them in the root of the checkout.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
  echo "tools/${0##*/}: $1" >&2
  exit "${2:-1}"
}

# The caller's arguments were wrong: exit code 2, as everywhere here.
die_of_usage() { die "$1; see tools/${0##*/} --help" 2; }
