#!/bin/sh
# Brings a Debian machine to the point where this project can be built, tested and shown: Python, git and make
# ("tools"), a Docker engine that answers, with Compose, a static busybox and bubblewrap ("engine"), and, only where it
# is asked for, what tests of faults need besides: disks of their own, a view on system calls, a registry ("faults"), or
# a virtual machine and a Debian to boot in it ("reboot").
# What is there already is left alone, so it is quick to run again. Needs root only for what is missing.
# Usage: [PYTHON=python3.12] packaging/prepare-host.sh [tools] [engine] [faults] [reboot]      (none named: tools and engine)
set -eu

python=${PYTHON:-python3}
engine_log=/var/log/dockerd.log
engine_patience_s=60

main() {
    [ $# -gt 0 ] || set -- tools engine
    for part; do known_part "$part"; done
    install "$(for part; do "missing_$part"; done)"
    for part; do "check_$part"; done
}

known_part() {
    case $1 in
        tools | engine | faults | reboot) ;;
        *) fail "'$1' is no part of the set-up: expected tools, engine, faults or reboot." ;;
    esac
}

fail() {
    printf '[ERROR] %s\n' "$*" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_be_root() {
    [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
}

# --- tools -------------------------------------------------------------------------------------------------------

missing_tools() {
    have git || echo git
    have make || echo make
    have "$python" || { echo python3 python3-venv && return; }
    # Debian ships Python without the part that makes virtual environments.
    "$python" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
}

check_tools() {
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "Python 3.11 or newer is needed, and $python is $("$python" -V 2>&1): name a newer one, as in 'make demo PYTHON=python3.12'."
}

# --- engine ------------------------------------------------------------------------------------------------------

missing_engine() {
    { have docker && engine_exists; } || echo docker.io iptables
    docker compose version >/dev/null 2>&1 || have docker-compose || echo docker-compose
    static_busybox || echo busybox-static
    have bwrap || echo bubblewrap
}

static_busybox() {
    have busybox && ! ldd "$(command -v busybox)" >/dev/null 2>&1
}

check_engine() {
    engine_answers || start_engine
}

# A client alone is common: it needs an engine that answers, that admits others, or that can be started.
engine_exists() {
    engine_answers || engine_refuses_us || have dockerd || [ -x /usr/sbin/dockerd ]
}

engine_refuses_us() {
    docker version 2>&1 | grep -q 'permission denied'
}

engine_answers() {
    docker version >/dev/null 2>&1
}

start_engine() {
    ! engine_refuses_us ||
        fail "The Docker engine does not admit $(id -un): run 'sudo usermod -aG docker $(id -un)', log in anew, and try again."
    may_be_root || fail "No Docker engine answers, and only root can start one: run 'sudo systemctl start docker', and try again."
    echo 'Starting the Docker engine ...' >&2
    if [ -d /run/systemd/system ]; then as_root systemctl start docker; else start_without_init; fi
    wait_for_engine
}

start_without_init() {
    have dockerd || fail "No Docker engine answers and there is no dockerd to start: start the engine that 'docker context show' names, and try again."
    drop_stale_pid /var/run/docker.pid dockerd
    drop_stale_pid /var/run/docker/containerd/containerd.pid containerd
    # In a session of its own, or the ctrl-C that ends the caller would end the engine too.
    as_root sh -c "setsid nohup dockerd >>$engine_log 2>&1 </dev/null &"
}

# An engine that was killed leaves its pid file, and the next one does not start while anybody has that pid: another
# program since, or the dead engine itself, which without an init nobody has buried yet.
drop_stale_pid() {
    [ -f "$1" ] || return 0
    [ "$(sed -n 's/^Name:[[:space:]]*//p; s/^State:[[:space:]]*Z.*/zombie/p' "/proc/$(cat "$1")/status" 2>/dev/null)" = "$2" ] ||
        as_root rm -f "$1"
}

wait_for_engine() {
    waited=0
    until engine_answers; do
        [ "$waited" -lt "$engine_patience_s" ] ||
            fail "The Docker engine did not answer within $engine_patience_s s: see $engine_log (or 'journalctl -u docker') for the reason, and try again."
        sleep 1
        waited=$((waited + 1))
    done
}

# --- faults ------------------------------------------------------------------------------------------------------

missing_faults() {
    have strace || echo strace
    have mkfs.ext4 || echo e2fsprogs
    have mkfs.xfs || echo xfsprogs
    have docker-registry || echo docker-registry
}

# A test that lacks what no package brings, such as root or a loop device, says so and is skipped.
check_faults() {
    :
}

# --- reboot ------------------------------------------------------------------------------------------------------

missing_reboot() {
    have qemu-system-x86_64 || echo qemu-system-x86
    have mmdebstrap || echo mmdebstrap
    have mke2fs || echo e2fsprogs
    have systemctl || echo systemd
}

check_reboot() {
    :
}

# --- packages ----------------------------------------------------------------------------------------------------

install() {
    # shellcheck disable=SC2086 # the words are the packages
    set -- $1
    [ $# -gt 0 ] || return 0
    have apt-get || fail "Missing: $*. Those are their names in Debian; install them with this system's package manager, and try again."
    may_be_root || fail "Missing: $*. Run 'sudo apt-get install -y --no-install-recommends $*', and try again."
    echo "Installing $* ..." >&2
    apt_get update || fail "'apt-get update' failed: mend the package sources, or install these by hand: $*."
    apt_get install -y --no-install-recommends "$@" || fail "'apt-get install $*' failed, see above."
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" </dev/null >&2
}

main "$@"
