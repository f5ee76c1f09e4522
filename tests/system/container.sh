# shellcheck shell=bash
# Sourced by the tests that boot this distribution in a container, with the
# Debian package at hand. They set $here, $build (the build folder) and $name.
# The system is made once and kept in the build folder; all else ends with the
# test, whatever ends it.

: "${here:?}" "${build:?}" "${name:?}"

die() {
  echo "FAILED: $1"
  exit 1
}

for program in cpack dpkg-deb dpkg-shlibdeps mmdebstrap systemd-nspawn unshare; do
  command -v "$program" >/dev/null ||
    die "$program is missing; tools/setup installs it"
done
((EUID == 0)) || die "only root can boot a container"

# Cgroups of its own for the container, below those that this test is in. A
# systemd looks for its own in one of these two places.
cgroups=()
while IFS=: read -r _ kind path; do
  case $kind in
    name=systemd) cgroups+=("/sys/fs/cgroup/systemd$path/ppn-$name-test.$$") ;;
    '')
      unified=/sys/fs/cgroup
      if [[ -d $unified/unified ]]; then unified+=/unified; fi
      cgroups+=("$unified$path/ppn-$name-test.$$")
      ;;
  esac
done </proc/self/cgroup

scratch=$(mktemp -d)
remove_cgroups() {
  local existing
  mapfile -t existing < <(find "${cgroups[@]}" -depth -type d 2>/dev/null)
  ((${#existing[@]} == 0)) || rmdir "${existing[@]}" 2>/dev/null
}
container=
clean_up() {
  local tries
  # What is killed is gone only after a moment.
  [[ -z $container ]] || {
    kill -KILL "$container" && wait "$container"
  } 2>/dev/null || true
  for tries in {1..50}; do
    if remove_cgroups; then break; fi
    sleep 0.1
  done
  ((tries < 50)) || echo "left behind: ${cgroups[*]}"
  rm -rf --one-file-system "$scratch"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

# SUFFIX NAME  Of this version with the suffix.
make_package() {
  cpack --config "$build/CPackConfig.cmake" -B "$scratch/$2" \
    -D "CPACK_PACKAGE_VERSION=$version$1" >"$scratch/cpack.log" 2>&1 || {
    cat "$scratch/cpack.log"
    die "no package was made"
  }
  mv "$scratch/$2"/*.deb "$shared/$2.deb"
}

# Where the host has its packages from, without what does not belong to the
# distribution.
sources() {
  # shellcheck disable=SC2016
  apt-get indextargets --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' | grep " $VERSION_CODENAME"
}

# FILE
make_system() {
  local depends
  depends=$(sed 's/([^)]*)//g; s/|[^,]*//g; s/ //g' <<<"$depends_of_package")
  apt-config dump | grep -E '^Acquire::(https?::|Check-)' >"$scratch/apt.conf" ||
    true
  # What it mounts goes with it, whatever ends it.
  sources | TMPDIR=$scratch unshare --mount mmdebstrap --quiet \
    --variant=minbase --aptopt="$scratch/apt.conf" \
    --include="systemd,systemd-sysv,dbus,$depends" \
    "$VERSION_CODENAME" "$scratch/system.tar" - || die "no system was made"
  rm -f "$build"/package-system-*.tar
  mv "$scratch/system.tar" "$1"
}

shared=$scratch/shared
root=$scratch/root
mkdir "$shared" "$root"
# shellcheck source=/dev/null
source /etc/os-release
version=$(sed -n 's/^set(CPACK_PACKAGE_VERSION "\(.*\)")$/\1/p' \
  "$build/CPackConfig.cmake")

# PACKAGE  Makes $root a system on which it can be installed.
lay_system() {
  local depends_of_package key system
  depends_of_package=$(dpkg-deb -f "$1" Depends)
  key=$(echo "$VERSION_CODENAME $depends_of_package" | sha256sum | cut -c 1-16)
  system=$build/package-system-$key.tar
  [[ -e $system ]] || make_system "$system"
  tar -C "$root" -xf "$system"
}

# For systemd-nspawn, and how long all of it may take.
container_options=()
container_seconds=120

enter_container() {
  local cgroup
  for cgroup in "${cgroups[@]}"; do
    mkdir "$cgroup"
    echo "$BASHPID" >"$cgroup/cgroup.procs"
  done
  # shellcheck disable=SC2016
  exec setpriv --pdeathsig KILL \
    unshare --mount --pid --fork --kill-child --mount-proc bash -c '
      mkdir -p /run/systemd
      mount -t tmpfs tmpfs /run/systemd
      exec timeout --kill-after=10 "$@"' run "$container_seconds" \
    systemd-nspawn --boot --register=no --keep-unit --private-network \
    --quiet --console=read-only --machine="ppn-$name-test" \
    --directory="$root" --bind="$shared:/shared" "${container_options[@]}"
}

# Boots it, where it runs /shared/$name_steps, and shows what those say. Ends the
# test if they failed.
boot_container() {
  local code=0 units=$root/etc/systemd/system
  cp "$here/${name}_steps" "$here/expect.sh" "$shared"
  cat >"$units/steps.service" <<END
[Unit]
After=basic.target dbus.service
SuccessAction=exit
FailureAction=exit
[Service]
Type=oneshot
ExecStart=/shared/${name}_steps /shared
StandardOutput=file:/shared/log
StandardError=inherit
END
  mkdir -p "$units/multi-user.target.wants"
  ln -s ../steps.service "$units/multi-user.target.wants"
  enter_container >"$scratch/console.log" 2>&1 &
  container=$!
  wait "$container" || code=$?
  container=
  if [[ -e $shared/log ]]; then cat "$shared/log"; fi
  if ((code)); then
    tail -n 40 "$scratch/console.log"
    die "the container ended with $code (124: it took too long)"
  fi
}
