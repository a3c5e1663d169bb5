#!/bin/sh
# Makes a Docker engine answer, where that needs no decision of a person: on Debian and Ubuntu, as root.
# Anywhere else it says what to do and succeeds: the tests that need an engine then skip, or fail with CI=true.
set -eu

log=/tmp/r1code-dockerd.log

say() { printf '%s\n' "docker.sh: $*"; }

answers() { docker info >/dev/null 2>&1; }

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

install() {
  say "installing $*"
  if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } \
    >/tmp/r1code-apt.log 2>&1; then
    tail -n 20 /tmp/r1code-apt.log
    say "the packages could not be installed"
    exit 1
  fi
}

give_up() {
  say "no Docker engine answers, and this script only starts one as root on Debian or Ubuntu."
  case "$(uname -s)" in
    Darwin) say "start Docker Desktop, or: colima start" ;;
    *) say "start one: sudo systemctl start docker   (or rootless: dockerd-rootless.sh, and set DOCKER_HOST)" ;;
  esac
  exit 0
}

if ! answers; then
  can_install || give_up
  if ! command -v dockerd >/dev/null 2>&1; then
    install docker.io iptables ca-certificates
  fi
  say "starting dockerd, which logs to $log"
  # In a session of its own: it must outlive this script and not die with a Ctrl-C of the tests.
  setsid dockerd >"$log" 2>&1 </dev/null &
  seconds=0
  until answers; do
    if [ "$seconds" -ge 60 ]; then
      tail -n 20 "$log"
      say "the engine does not answer after $seconds s"
      exit 1
    fi
    sleep 1
    seconds=$((seconds + 1))
    [ $((seconds % 5)) -ne 0 ] || say "waiting for the engine ($seconds s)"
  done
fi

# Podman is the second engine that is tested; catatonit is what it starts containers with.
if ! command -v podman >/dev/null 2>&1 && can_install; then
  install podman catatonit
fi

# The gateway's tests run the real one. Installing it must not start it: it would take port 80.
if ! command -v nginx >/dev/null 2>&1 && can_install; then
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  install nginx
fi

# mmdebstrap makes the base image where no registry answers; strace kills at chosen system calls; bubblewrap is the
# sandbox without an engine; ctest is one of the runners that are read; systemd-analyze reads units.
for tool in mmdebstrap strace bwrap=bubblewrap ctest=cmake systemd-analyze=systemd; do
  if ! command -v "${tool%=*}" >/dev/null 2>&1 && can_install; then
    install "${tool#*=}"
  fi
done

# promtool checks what Prometheus is given. Only the program: the package would start a Prometheus.
if ! command -v promtool >/dev/null 2>&1 && can_install; then
  say "taking promtool out of Debian's package"
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  # As another user apt could not write there.
  chmod 755 "$folder"
  apt-get update -qq >/tmp/r1code-apt.log 2>&1
  (cd "$folder" && apt-get download -qq -o APT::Sandbox::User=root prometheus >>/tmp/r1code-apt.log 2>&1)
  dpkg-deb -x "$folder"/prometheus_*.deb "$folder/package"
  install -m 755 "$folder/package/usr/bin/promtool" /usr/local/bin/promtool
fi
